//! Tokens: HS256 JSON Web Tokens for one container, or for an admin. Sites mint their own with the shared secret.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bc_schema::ContainerId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

pub use super::duration::{BadDuration, parse_duration};

use super::Pass;
use crate::problem::Problem;

/// The audience every token names.
pub const AUDIENCE: &str = "urn:cb/stat";

/// What a token may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// One container.
    Container(ContainerId),
    /// Everything.
    Admin,
}

#[derive(Serialize)]
struct Minted<'a> {
    aud: &'a str,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    admin: bool,
}

/// Signs a token for `subject` that is good for `valid_for` from now.
pub fn mint(secret: &str, subject: Subject, valid_for: Duration) -> String {
    let claims = Minted {
        aud: AUDIENCE,
        exp: now_s().saturating_add(valid_for.as_secs()),
        container: match &subject {
            Subject::Container(id) => Some(id.as_str()),
            Subject::Admin => None,
        },
        admin: subject == Subject::Admin,
    };
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .expect("HS256 signs any plain claims")
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    container: Option<String>,
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    exp: Option<f64>,
}

/// Checks tokens against one secret.
pub(crate) struct Verifier {
    key: DecodingKey,
    rules: Validation,
}

impl Verifier {
    pub(crate) fn new(secret: &str) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[AUDIENCE]);
        // A site's token for one container may live without `exp`, as it always could; an admin's may not (below).
        rules.set_required_spec_claims(&["aud"]);
        rules.validate_nbf = true;
        rules.leeway = 0;
        Self {
            key: DecodingKey::from_secret(secret.as_bytes()),
            rules,
        }
    }

    /// What the token lets its bearer see.
    pub(crate) fn verify(&self, token: &str) -> Result<Pass, Problem> {
        use jsonwebtoken::errors::ErrorKind;
        let claims =
            jsonwebtoken::decode::<Claims>(token, &self.key, &self.rules).map_err(|error| {
                match error.kind() {
                    ErrorKind::ExpiredSignature => EXPIRED,
                    // Signed with our secret, and for something else or not yet: no guess.
                    ErrorKind::InvalidAudience
                    | ErrorKind::ImmatureSignature
                    | ErrorKind::MissingRequiredClaim(_) => Problem::NotAuthorized(NOT_GOOD),
                    _ => Problem::WrongToken(NOT_GOOD),
                }
            })?;
        let claims = claims.claims;
        let expires_s = claims.exp.map(|exp| exp as u64);
        if expires_s.is_some_and(|exp| exp <= now_s()) {
            return Err(EXPIRED);
        }
        let subject = match (claims.admin, claims.container) {
            (true, _) if expires_s.is_none() => {
                return Err(Problem::NotAuthorized(
                    "an admin's token needs `exp`; mint one that ends",
                ));
            }
            (true, _) => Subject::Admin,
            (false, Some(id)) => Subject::Container(ContainerId::new(id).ok_or(
                Problem::NotAuthorized("the token's `container` is no container's id"),
            )?),
            (false, None) => return Err(Problem::NotAuthorized("the token names no container")),
        };
        Ok(Pass { subject, expires_s })
    }
}

const NOT_GOOD: &str = "the token is not good here; ask for a new one";
const EXPIRED: Problem = Problem::NotAuthorized("the token has expired; ask for a new one");

/// Whole seconds since the epoch.
pub(crate) fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "k2J8-vQ0x_Zr5LmN7tWd";

    fn signed(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
        jsonwebtoken::encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .unwrap()
    }

    fn verdict(claims: Value) -> Result<Pass, Problem> {
        Verifier::new(SECRET).verify(&signed(Algorithm::HS256, SECRET, &claims))
    }

    #[test]
    fn a_minted_token_is_good_for_its_subject_and_time() {
        let id = ContainerId::new("job_7").unwrap();
        let before = now_s();
        let token = mint(
            SECRET,
            Subject::Container(id.clone()),
            Duration::from_secs(90),
        );
        let pass = Verifier::new(SECRET).verify(&token).unwrap();
        assert_eq!(pass.subject, Subject::Container(id));
        assert!((before + 90..=now_s() + 90).contains(&pass.expires_s.unwrap()));
        let admin = mint(SECRET, Subject::Admin, Duration::from_secs(90));
        assert!(Verifier::new(SECRET).verify(&admin).unwrap().is_admin());
        assert!(
            Verifier::new("another-secret-of-20")
                .verify(&admin)
                .is_err()
        );
    }

    #[test]
    fn a_sites_own_token_is_taken() {
        let pass = verdict(json!({"aud": AUDIENCE, "container": "job_7"})).unwrap();
        assert_eq!(
            (pass.container().unwrap().as_str(), pass.expires_s),
            ("job_7", None)
        );
        assert!(verdict(json!({"aud": ["other", AUDIENCE], "container": "job_7", "exp": now_s() as f64 + 9.5})).is_ok());
    }

    #[test]
    fn what_is_not_ours_or_not_now_is_refused() {
        let soon = now_s() + 60;
        for claims in [
            json!({"container": "c", "exp": soon}),
            json!({"aud": "urn:other", "container": "c", "exp": soon}),
            json!({"aud": AUDIENCE, "exp": soon}),
            json!({"aud": AUDIENCE, "container": "", "exp": soon}),
            json!({"aud": AUDIENCE, "container": 7, "exp": soon}),
            json!({"aud": AUDIENCE, "container": "c", "exp": now_s() - 1}),
            json!({"aud": AUDIENCE, "container": "c", "exp": now_s()}),
            json!({"aud": AUDIENCE, "container": "c", "exp": "tomorrow"}),
            json!({"aud": AUDIENCE, "container": "c", "nbf": soon}),
            json!({"aud": AUDIENCE, "admin": true}),
            json!({"aud": AUDIENCE, "admin": "yes", "exp": soon}),
            json!({"aud": AUDIENCE, "admin": false, "exp": soon}),
        ] {
            assert!(verdict(claims.clone()).is_err(), "{claims}");
        }
    }

    #[test]
    fn only_hs256_counts() {
        let claims = json!({"aud": AUDIENCE, "container": "c"});
        let verifier = Verifier::new(SECRET);
        assert!(
            verifier
                .verify(&signed(Algorithm::HS256, SECRET, &claims))
                .is_ok()
        );
        assert!(
            verifier
                .verify(&signed(Algorithm::HS384, SECRET, &claims))
                .is_err()
        );
        assert!(
            verifier
                .verify(&signed(Algorithm::HS512, SECRET, &claims))
                .is_err()
        );
    }
}
