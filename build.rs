//! Lists the model files, so that adding a library is adding one TOML file to `rules/models`.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=rules/models");
    let mut files: Vec<_> = fs::read_dir("rules/models")
        .expect("rules/models is part of the package")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut list = String::from("[\n");
    for file in files {
        // Not the full path: a target folder that is kept while the sources move would name files that are gone.
        let name = file.display().to_string();
        let path = format!("/{name}");
        list.push_str(&format!("    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),\n"));
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("models.rs"), list)
        .expect("OUT_DIR is writable");
}
