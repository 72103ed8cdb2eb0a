//! Gathers the page that is embedded: what `vite build` left in `ui/dist`, or, where it was not built, a page that says so.
//!
//! Everything is written below `OUT_DIR`; building the page itself is `cargo xtask build`'s.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Bubble Chamber</title></head>\n\
<body><h1>The page was not built</h1>\n<p>This program was built without its page; its API answers all the same.\n\
Build both with <code>cargo xtask build</code>, then start <code>target/release/bubble-chamber</code>.</p></body></html>\n";

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("page");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    println!("cargo::rerun-if-changed=build.rs");
    let dist = Path::new("ui/dist");
    let built = dist.join("index.html").is_file();
    println!("cargo::rustc-env=BC_PAGE_BUILT={built}");
    if built {
        println!("cargo::rerun-if-changed=ui/dist");
        copy(dist, &out)
    } else {
        // The folder that is missing cannot be watched: its parent is.
        println!("cargo::rerun-if-changed=ui");
        fs::write(out.join("index.html"), NOT_BUILT)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
