//! Adopting the tool on code that has old findings, as a new user does it: the transcript in `docs/adopting.md` is what
//! this prints.

mod support;

use std::fs;

use support::tree::Tree;
use support::{quote, read};

/// A package with as many bad loops.
fn old_code(loops: usize) -> Tree {
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nreqwest = \"0.12\"\ntokio = \"1\"\n";
    let tree = Tree::new(&[("Cargo.toml", manifest)]);
    let mut modules = String::new();
    for file in 0..loops / 5 {
        let text: Vec<String> = (0..5).map(|n| function(&format!("fetch_{n}"))).collect();
        tree.write(&format!("src/part_{file}.rs"), text.join("\n"));
        modules.push_str(&format!("pub mod part_{file};\n"));
    }
    tree.write("src/lib.rs", modules);
    tree
}

fn function(name: &str) -> String {
    format!(
        r#"pub async fn {name}(client: &reqwest::Client, key: &str) -> Result<String, reqwest::Error> {{
    loop {{
        let sent = client.get("https://shop.example/{name}").bearer_auth(key).send().await;
        match sent.and_then(|response| response.error_for_status()) {{
            Ok(response) => return response.text().await,
            Err(_) => tokio::time::sleep(std::time::Duration::from_secs(10)).await,
        }}
    }}
}}
"#
    )
}

#[test]
fn the_transcript_is_what_happens() {
    let tree = old_code(30);
    let mut page = String::from(
        "# Adopting it on old code\n\n<!-- `UPDATE=1 cargo test --test adopting` writes this page. -->\n\nA package with thirty loops \
         that keep trying a dead key. Nobody will repair them today, and no more are to come.\n",
    );
    let mut step = |text: &str, args: &[&str], code: i32| {
        let ran = tree.run(args);
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        let quoted: Vec<String> =
            args.iter().map(|arg| if arg.contains(' ') { format!("'{arg}'") } else { (*arg).to_owned() }).collect();
        page.push_str(&format!(
            "\n{text}\n\n```text\n$ retrylint {}\n{}{}$ echo $?\n{code}\n```\n",
            quoted.join(" "),
            ran.err,
            ran.out
        ));
    };
    let known = "--baseline=retrylint-baseline.json";
    step("Write down what is known:", &["check", known, "--write-baseline"], 0);
    step("From now on, in CI, it is not reported:", &["check", known], 0);

    let mut text = fs::read_to_string(tree.path("src/part_0.rs")).expect("it is there");
    text = format!("//! Orders and payments.\n\n{}\n{text}", function("pay"));
    tree.write("src/part_0.rs", &text);
    step(
        "Somebody writes one more loop into a file that has five, above all of them. Only that one is reported:",
        &["check", known],
        1,
    );

    step(
        "If it is right as it is, it gets a suppression with a reason:",
        &["check", known, "--add-allow=the till has no other provider, and somebody stands in front of it"],
        0,
    );
    step("The comment stands above the loop, and nothing is reported:", &["check", known], 0);
    step("All exceptions with their reasons:", &["allows"], 0);

    let comment = text_between(&tree, "    // retrylint:", "\n");
    let repaired = function("pay").replace("    loop {", &format!("{comment}\n    loop {{")).replace(
        "            Err(_) =>",
        "            Err(error) if error.status().is_some_and(|status| status.is_client_error()) => return Err(error),\n            Err(_) =>",
    );
    let rest = &text[text.find("pub async fn fetch_0").expect("the old code")..];
    tree.write("src/part_0.rs", format!("//! Orders and payments.\n\n{repaired}\n{rest}"));
    step("The loop is repaired later, and the comment stays behind. That is told:", &["check", known], 1);

    tree.write("src/part_0.rs", format!("//! Orders and payments.\n\n{}", rest.replacen(&function("fetch_0"), "", 1)));
    step(
        "An old loop goes away. The entry would hide the next one, so it is told (in CI, as an error):",
        &["check", known],
        0,
    );
    step("The baseline only shrinks:", &["check", known, "--write-baseline"], 0);
    step("And all is clean again:", &["check", known], 0);

    if quote::is_update() {
        fs::write(support::repository("docs/adopting.md"), &page).expect("it can be written");
    }
    let quoted = read("docs/adopting.md");
    assert!(
        quoted == page,
        "docs/adopting.md is not what happens:\n{}`UPDATE=1 cargo test --test adopting` writes it",
        quote::difference(&quoted, &page)
    );
}

/// The text of the file from its first `start` up to `end`.
fn text_between(tree: &Tree, start: &str, end: &str) -> String {
    let text = fs::read_to_string(tree.path("src/part_0.rs")).expect("it is there");
    let from = text.find(start).expect("the comment was written");
    text[from..].split(end).next().unwrap_or_default().to_owned()
}
