//! What is hidden and what is not, case by case.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Mask, SUSPICIOUS};

fn mask() -> Mask {
    Mask::new::<&str>(&[]).unwrap()
}

fn masked(args: &[&str]) -> Vec<String> {
    mask().args(args.iter().map(ToString::to_string).collect())
}

/// Command lines, and what is left of them.
#[rustfmt::skip]
const HIDDEN: &[(&[&str], &[&str])] = &[
    // Options of any program.
    (&["x", "--password=hunter2"], &["x", "--password=***"]),
    (&["x", "--password=a b&c;d\"e"], &["x", "--password=***"]),
    (&["x", "--password", "hunter2", "file"], &["x", "--password", "***", "file"]),
    (&["x", "-password", "-hunter"], &["x", "-password", "***"]),
    (&["x", "--db-password", "$ecret"], &["x", "--db-password", "***"]),
    (&["x", "--api-key", "abc", "--token=t", "--client_secret", "s"], &["x", "--api-key", "***", "--token=***", "--client_secret", "***"]),
    (&["java", "-Dspring.datasource.password=x y", "-jar", "a.jar"], &["java", "-Dspring.datasource.password=***", "-jar", "a.jar"]),
    (&["keytool", "-storepass", "changeit"], &["keytool", "-storepass", "***"]),
    (&["redis-server", "--requirepass", "abc", "--masterauth", "def"], &["redis-server", "--requirepass", "***", "--masterauth", "***"]),
    (&["x", "--password", "pässwörd", "ü"], &["x", "--password", "***", "ü"]),
    // Variables.
    (&["env", "PGPASSWORD=a b", "psql"], &["env", "PGPASSWORD=***", "psql"]),
    (&["docker", "run", "-e", "API_TOKEN=abc", "--env=DB_PASSWORD=x;y", "-eSECRET_KEY=z", "img"], &["docker", "run", "-e", "API_TOKEN=***", "--env=DB_PASSWORD=***", "-eSECRET_KEY=***", "img"]),
    (&["env", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalr/x+y="], &["env", "AWS_ACCESS_KEY_ID=***", "AWS_SECRET_ACCESS_KEY=***"]),
    (&["kubectl", "create", "secret", "generic", "s", "--from-literal=password=a b"], &["kubectl", "create", "secret", "generic", "s", "--from-literal=password=***"]),
    (&["mount", "-o", "username=me,password=x,rw", "//h/s"], &["mount", "-o", "username=me,password=***", "//h/s"]),
    // URLs.
    (&["git", "clone", "https://me:secret@host:8443/x.git"], &["git", "clone", "https://me:***@host:8443/x.git"]),
    (&["x", "redis://:secret@h/0", "amqp://u:p%40@h"], &["x", "redis://:***@h/0", "amqp://u:***@h"]),
    (&["x", "postgres://u:p@ss@h/db"], &["x", "postgres://u:***@h/db"]),
    (&["x", "postgres://u:a/b@h/db"], &["x", "postgres://u:***@h/db"]),
    (&["x", "mongodb://u:p@h1,h2/db?replicaSet=r"], &["x", "mongodb://u:***@h1,h2/db?replicaSet=r"]),
    (&["curl", "http://h/?a=1&access_token=abc&b=2"], &["curl", "http://h/?a=1&access_token=***&b=2"]),
    (&["x", "--url=http://u:p@h/"], &["x", "--url=http://u:***@h/"]),
    // Headers.
    (&["curl", "-H", "Authorization: Bearer abc.def"], &["curl", "-H", "Authorization: Bearer ***"]),
    (&["curl", "-H", "authorization: abc", "--header=X-Api-Key: k"], &["curl", "-H", "authorization: ***", "--header=X-Api-Key: ***"]),
    (&["curl", "-HAuthorization:abc", "-HX-Auth-Token:def"], &["curl", "-HAuthorization:***", "-HX-Auth-Token:***"]),
    (&["curl", "-H", "Authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=c"], &["curl", "-H", "Authorization: AWS4-HMAC-SHA256 ***"]),
    (&["curl", "-H", "Cookie: a=b; c=d", "-H", "Accept: text/html"], &["curl", "-H", "Cookie: ***", "-H", "Accept: text/html"]),
    (&["git", "-c", "http.extraHeader=Authorization: Basic eA==", "pull"], &["git", "-c", "http.extraHeader=Authorization: Basic ***", "pull"]),
    // Shapes.
    (&["x", "eyJhbGciOiJIUzI1NiJ9.eyJjb250YWluZXIiOiJqb2JfMSJ9.c2lnbmF0dXJl"], &["x", "***"]),
    (&["x", "--link=http://h/?t=eyJhbGciOiJIUzI1NiJ9.eyJjb250YWluZXIiOiJqb2JfMSJ9.c2ln&x=1"], &["x", "--link=http://h/?t=***&x=1"]),
    (&["x", "AKIAIOSFODNN7EXAMPLE,ghp_0123456789abcdefghijABCDEFGHIJ012345"], &["x", "***,***"]),
    (&["git", "clone", "https://ghp_0123456789abcdefghijABCDEFGHIJ012345@github.com/a/b"], &["git", "clone", "https://***@github.com/a/b"]),
    (&["x", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest"], &["x", "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nrest"]),
    (&["x", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl cut short"], &["x", "-----BEGIN OPENSSH PRIVATE KEY-----***"]),
    // Ways of known programs.
    (&["mysql", "-uroot", "-phunter2", "db"], &["mysql", "-uroot", "-p***", "db"]),
    (&["sudo", "-u", "root", "/usr/bin/mysqldump", "-phunter2", "db"], &["sudo", "-u", "root", "/usr/bin/mysqldump", "-p***", "db"]),
    (&["sshpass", "-p", "x", "ssh", "h"], &["sshpass", "-p", "***", "ssh", "h"]),
    (&["sshpass", "-px", "ssh", "h"], &["sshpass", "-p***", "ssh", "h"]),
    (&["redis-cli", "-h", "h", "-a", "x", "get", "k"], &["redis-cli", "-h", "h", "-a", "***", "get", "k"]),
    (&["curl", "-u", "me:secret", "http://h"], &["curl", "-u", "me:***", "http://h"]),
    (&["curl", "-ume:secret", "--proxy-user", "a:b", "http://h"], &["curl", "-ume:***", "--proxy-user", "a:***", "http://h"]),
    (&["docker", "login", "-u", "me", "-p", "x", "reg"], &["docker", "login", "-u", "me", "-p", "***", "reg"]),
    (&["ldapsearch", "-D", "cn=a", "-w", "x"], &["ldapsearch", "-D", "cn=a", "-w", "***"]),
    (&["openssl", "rsa", "-passin", "pass:x y", "-in", "f"], &["openssl", "rsa", "-passin", "pass:***", "-in", "f"]),
    (&["smbclient", "//h/s", "-U", "me%x"], &["smbclient", "//h/s", "-U", "me%***"]),
    (&["7z", "x", "-psecret", "a.7z"], &["7z", "x", "-p***", "a.7z"]),
    // Command lines inside arguments.
    (&["sh", "-c", "mysql -phunter2 db && ls"], &["sh", "-c", "mysql -p*** db && ls"]),
    (&["sh", "-c", "PASSWORD=x ./run --fast; A=b"], &["sh", "-c", "PASSWORD=*** ./run --fast; A=b"]),
    (&["bash", "-lc", "export TOKEN='a b'; run --password \"c d\" e"], &["bash", "-lc", "export TOKEN='***'; run --password \"***\" e"]),
    (&["bash", "-c", "DB_PASSWORD=a\"b c\"d run"], &["bash", "-c", "DB_PASSWORD=*** run"]),
    (&["ssh", "h", "curl -u me:secret -H \"Authorization: Bearer abc\" http://u:p@h/x"], &["ssh", "h", "curl -u me:*** -H \"Authorization: Bearer ***\" http://u:***@h/x"]),
    (&["sh", "-c", "su - pg -c 'psql --password \"x y\" db' && echo done"], &["sh", "-c", "su - pg -c 'psql --password \"***\" db' && echo done"]),
    (&["sh", "-c", "ssh h \"curl -d '{\\\"password\\\": \\\"a b\\\"}' u\""], &["sh", "-c", "ssh h \"curl -d '{\\\"password\\\": \\\"***\\\"}' u\""]),
    (&["sh", "-c", "echo it's fine; x --password y"], &["sh", "-c", "echo it's fine; x --password ***"]),
    (&["python3.11", "-c", "import os; os.environ['API_TOKEN'] = 'abc'; connect(password = \"x\", user=\"u\")"], &["python3.11", "-c", "import os; os.environ['API_TOKEN'] = '***'; connect(password = \"***\", user=\"u\")"]),
    // Data.
    (&["curl", "-d", "{\"user\":\"u\",\"password\":\"a\\\"b\",\"n\":1}"], &["curl", "-d", "{\"user\":\"u\",\"password\":\"***\",\"n\":1}"]),
    (&["x", "{'Authorization': 'Bearer abc', 'clientSecret': 12345}"], &["x", "{'Authorization': 'Bearer ***', 'clientSecret': ***}"]),
    (&["x", "Server=h;Password=abc;Database=d"], &["x", "Server=h;Password=***;Database=d"]),
];

/// Command lines of which nothing is hidden.
#[rustfmt::skip]
const SHOWN: &[&[&str]] = &[
    // What leads to a secret is not the secret.
    &["x", "--password-file=/run/secrets/db", "--password-file", "/etc/pw", "--password-stdin", "POSTGRES_PASSWORD_FILE=/run/secrets/pg"],
    &["x", "--secret-name", "db", "--token-url=https://h/token", "PASSWORD_STORE_DIR=/x"],
    // Switches and empty values.
    &["psql", "--no-password", "db"], &["ansible", "--ask-become-pass", "play.yml"],
    &["x", "ALLOW_EMPTY_PASSWORD=yes", "--use-secrets=true", "--password=", "PASSWORD=", "--token", "--verbose", "--password", "-v"],
    &["ffmpeg", "-pass", "1", "-i", "a.mp4"], &["x264", "--pass", "2"], &["x", "--password"],
    // Names that only sound so.
    &["env", "TOKENIZERS_PARALLELISM=false", "PWD=/home/u", "OLDPWD=/"], &["x", "--max-tokens=512", "--tokenizer", "bert", "--author=me"],
    &["x", "--authorization-mode=RBAC", "--bypass", "a", "--compass=north", "--key=k", "--monkey", "business"],
    // Addresses.
    &["ssh", "user@host"], &["git", "clone", "ssh://git@github.com/a/b"], &["scp", "user@host:path", "."],
    &["x", "http://host/path", "http://host:8080/a@b:c", "http://[::1]:80/x@y", "https://user@host/", "file:///etc/passwd"],
    &["docker", "run", "-v", "my-secret:/etc/secret", "-p", "80:80", "mysql", "--port=3306"],
    // Options of other programs that look the same.
    &["find", "/var/lib/mysql", "-print"], &["mkdir", "-p", "a/mysql"], &["mysql", "-p", "db"], &["grep", "-pattern", "mysql"],
    &["ps", "-u", "me:x"], &["docker", "run", "-p", "8080", "nginx"], &["curl", "-u", "me", "http://h"],
    // Code.
    &["python", "-c", "def f(token: str, password: str) -> None: pass"],
    &["sh", "-c", "read -p 'Password: ' PW; echo $PW | cat"], &["sh", "-c", "if [ -z \"$TOKEN\" ]; then exit 1; fi"],
    &["awk", "/password/ {print $2}", "/etc/x"], &["grep", "-r", "SECRET_KEY", "src"],
    // Shapes that are not whole.
    &["x", "eyJ", "eyJhbGciOi.x", "AKIA123", "xAKIAIOSFODNN7EXAMPLE", "sk-learn", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"],
    &[], &[""], &["\u{0}\u{fffd}ü=:://@"],
];

#[test]
fn secrets_are_hidden_and_nothing_else() {
    for (args, left) in HIDDEN {
        assert_eq!(masked(args), *left);
        assert_eq!(
            masked(&masked(args).iter().map(String::as_str).collect::<Vec<_>>()),
            *left,
            "a second time changes nothing"
        );
    }
}

#[test]
fn everything_else_stays() {
    for args in SHOWN {
        assert_eq!(masked(args), *args);
    }
}

#[test]
fn texts_are_gone_through_as_command_lines_are() {
    let mask = mask();
    assert_eq!(mask.text("mysql -phunter2 db"), "mysql -p*** db");
    assert_eq!(mask.text("PASSWORD=x ./run"), "PASSWORD=*** ./run");
    assert_eq!(mask.text("https://me:secret@h/"), "https://me:***@h/");
    assert_eq!(mask.text("nothing to hide"), "nothing to hide");
}

#[test]
fn labels_are_hidden_by_key_or_by_value() {
    let labels = [
        ("db.password", "x"),
        ("com.acme.apiKey", "k"),
        ("url", "http://u:p@h/"),
        ("secret.enabled", "true"),
        ("com.docker.swarm.secret.name", "db"),
        ("team", "a"),
    ];
    let labels: BTreeMap<String, String> =
        labels.map(|(key, value)| (key.into(), value.into())).into();
    let masked = mask().labels(labels);
    let of = |key: &str| masked[key].as_str();
    assert_eq!(
        (of("db.password"), of("com.acme.apiKey"), of("url")),
        ("***", "***", "http://u:***@h/")
    );
    assert_eq!(
        (
            of("secret.enabled"),
            of("com.docker.swarm.secret.name"),
            of("team")
        ),
        ("true", "db", "a")
    );
}

#[test]
fn patterns_of_ones_own_hide_their_group_across_arguments() {
    let mask = Mask::new(&[r"--license-key[= ](\S+)", "ACME-[0-9]+"]).unwrap();
    let args = |args: &[&str]| mask.args(args.iter().map(ToString::to_string).collect());
    assert_eq!(
        args(&["x", "--license-key=abc", "y"]),
        ["x", "--license-key=***", "y"]
    );
    assert_eq!(
        args(&["x", "--license-key", "abc", "ACME-12 ACME-x"]),
        ["x", "--license-key", "***", "*** ACME-x"]
    );
    assert_eq!(mask.text("ä ACME-7"), "ä ***");
    let many = "ACME-1 ".repeat(10_000);
    assert!(
        !mask.text(&many).contains("ACME-1"),
        "past the limit on matches, all is hidden"
    );
}

#[test]
fn a_pattern_that_cannot_be_used_is_named() {
    let bad = |pattern: &str| Mask::new(&[pattern]).unwrap_err();
    assert_eq!(bad("a(").pattern, "a(");
    assert!(
        bad("a(").to_string().contains("unclosed group"),
        "{}",
        bad("a(")
    );
    assert!(bad("x*").reason.contains("everywhere"));
    assert!(
        bad(r"(\w{1000}){1000}").reason.contains("size limit"),
        "{}",
        bad(r"(\w{1000}){1000}")
    );
}

#[test]
fn the_first_look_misses_nothing() {
    for (args, _) in HIDDEN {
        assert!(args.iter().any(|arg| SUSPICIOUS.is_match(arg)), "{args:?}");
    }
}

/// Texts made to hurt, each from one piece repeated, and mixtures of them: never a panic, and time in proportion to length.
#[test]
fn hostile_texts_cost_no_more_than_their_length() {
    let pieces = [
        "password=",
        "--password ",
        "\"",
        "'",
        "\\",
        "\\\"",
        "://",
        "x://a:b/",
        "x://a:b@",
        "eyJ",
        "eyJaaaaaaaa.",
        "Authorization: ",
        "\"token\":\"",
        "a=",
        "a:",
        "mysql ",
        "docker ",
        "curl -u ",
        "-c ",
        "sh -c '",
        "-----BEGIN PRIVATE KEY-----",
        "PRIVATE KEY-----",
        "ghp_",
        "\u{00e9}",
        "\n",
        " ",
        ";",
        "x-token:",
        "password=\\",
        "password = ",
        "password='true' ",
        "-p",
        "=",
        ":",
        "@",
        "/",
    ];
    let mask = Mask::new(&[r"--license-key[= ](\S+)", ".*Z|Y"]).unwrap();
    let (mut state, mut mixed) = (88_172_645_463_325_252_u64, String::new());
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    while mixed.len() < 128 * 1024 {
        mixed.push_str(pieces[random() % pieces.len()]);
    }
    let repeated = pieces
        .iter()
        .map(|piece| piece.repeat(128 * 1024 / piece.len()));
    for text in repeated.chain([mixed.clone()]) {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let began = Instant::now();
        mask.text(&text);
        mask.args(vec!["sh".into(), "-c".into(), text.clone()]);
        mask.args(words);
        let took = began.elapsed();
        let shown: String = text.chars().take(40).collect();
        // A quadratic rule takes minutes here.
        assert!(took < Duration::from_secs(10), "{took:?} for {shown:?}");
    }
    for length in 1..200 {
        let pieces: Vec<_> = (0..length % 7 + 1)
            .map(|_| pieces[random() % pieces.len()])
            .collect();
        mask.args(pieces.iter().map(ToString::to_string).collect());
        mask.text(&pieces.concat());
        let start = mixed.ceil_char_boundary(length * 97);
        mask.text(&mixed[start..mixed.ceil_char_boundary(start + length)]);
    }
}
