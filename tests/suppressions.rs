//! Suppressions as users write them: where they hold, what is said about those that do not, and how they are added and
//! listed.

mod support;

use std::fs;

use support::tree::{BAD, CLEAN, Ran, Tree};

const ALLOW: &str = "// retrylint: allow(catch-all-retry) started by hand";

/// The bad loop with a text put in front of a line, or behind it.
fn with(line: usize, before: &str, behind: &str) -> String {
    let lines = BAD.lines().enumerate().map(|(n, text)| match n + 1 == line {
        true => format!("{before}{text}{behind}\n"),
        false => format!("{text}\n"),
    });
    lines.collect()
}

/// The lines and rules of all findings.
fn findings(text: &str) -> Vec<(u64, String)> {
    let tree = Tree::package();
    tree.write("src/bad.rs", text);
    let json = tree.run(&["check", "--format", "json"]).json();
    let all = json["findings"].as_array().expect("findings").iter();
    all.map(|one| {
        let line = one["witness"][0]["line"].as_u64().expect("a line");
        (line, one["rule"].as_str().expect("a rule").to_owned())
    })
    .collect()
}

#[test]
fn where_a_suppression_holds() {
    let line = format!("{ALLOW}\n");
    let behind = format!(" {ALLOW}");
    for (what, text) in [
        ("above the loop", with(5, &line, "")),
        ("above the attempt", with(6, &line, "")),
        ("on the loop's line", with(5, "", &behind)),
        ("on the attempt's line", with(6, "", &behind)),
        ("inside of the loop", with(11, &line, "")),
        ("above the function", with(3, &line, "")),
        ("above the function's attributes", with(3, &format!("{ALLOW}\n// and more\n/// Doc.\n#[must_use]\n"), "")),
        ("on the function's line", with(3, "", &behind)),
        ("as a block", with(5, "/* retrylint: allow(RL003) started by hand */\n", "")),
        ("among others", with(5, "// retrylint: allow(RL003, catch-all-retry) by hand\n", "")),
    ] {
        assert_eq!(findings(&text), [], "{what}:\n{text}");
    }
}

#[test]
fn where_it_does_not_hold() {
    let line = format!("{ALLOW}\n");
    for (what, text, at) in [
        ("at the top", format!("{ALLOW}\n\n{BAD}"), 1),
        ("above another statement", with(4, &line, ""), 4),
        ("behind another statement", with(4, "", &format!(" {ALLOW}")), 4),
        ("in another function", format!("{BAD}\n{ALLOW}\npub fn other() {{}}\n"), 18),
    ] {
        let found = findings(&text);
        assert!(found.contains(&(at, "unused-suppression".to_owned())), "{what}: {found:?}");
        assert!(found.iter().any(|(_, rule)| rule == "catch-all-retry"), "{what}: {found:?}");
    }
    // In a string it is no comment.
    let text = with(5, &format!("    let _ = \"\n{ALLOW}\n\";\n"), "");
    assert!(findings(&text).iter().all(|(_, rule)| rule == "catch-all-retry"));
}

#[test]
fn what_is_wrong_is_said() {
    let tree = Tree::package();
    for (comment, message) in [
        ("// retrylint: allow(catch-all-retry)", "gives no reason"),
        (
            "// retrylint: allow(catch-all-retri) x",
            "no rule is called `catch-all-retri`: did you mean `catch-all-retry`?",
        ),
        ("// retrylint: allow() x", "names no rule: write `// retrylint: allow(RULE) why it is right here`"),
        ("// retrylint: disable(RL003) x", "`retrylint: disable(RL003) x` is not understood: write `// retrylint: "),
        ("// retrylint: allow(RL003, RL001) x", "`auth-backoff` is not reported here"),
    ] {
        tree.write("src/bad.rs", with(5, &format!("{comment}\n"), ""));
        let ran = tree.run(&["check", "--format", "json"]);
        let json = ran.is(1, &[]).json();
        let all: Vec<&str> =
            json["findings"].as_array().expect("findings").iter().filter_map(|one| one["message"].as_str()).collect();
        assert!(
            all.iter().any(|text| text.starts_with("a suppression that does not hold: ") && text.contains(message)),
            "{comment}: {all:#?}"
        );
    }
    // A person reads it with its place.
    let ran = tree.run(&["check"]);
    ran.is(1, &[]).says("retrylint::unused-suppression (RL090)").says("[src/bad.rs:5:1]").says(", 1 suppressed\n");
}

#[test]
fn in_code_that_is_not_analysed_none_is_unused() {
    let tree = Tree::package();
    tree.write("src/bad.rs", CLEAN);
    tree.write("tests/api.rs", with(5, &format!("{ALLOW}\n"), ""));
    tree.write("benches/none.rs", format!("{ALLOW}\n{CLEAN}"));
    tree.write("src/inner.rs", format!("#[cfg(test)]\nmod tests {{\n    {ALLOW}\n    fn f() {{}}\n}}\n"));
    tree.run(&["check"]).is(0, &[]);
    let all = tree.run(&["check", "--include-tests", "--format", "json"]);
    assert_eq!(all.found(), ["benches/none.rs", "src/inner.rs"]);
    let half = Tree::package();
    half.write("src/bad.rs", format!("{ALLOW}\nfn broken() {{ let = ; }}\n"));
    half.run(&["check"]).is(0, &["warning: src/bad.rs: "]);
}

#[test]
fn adding_them_leaves_a_clean_report() {
    let tree = Tree::package();
    tree.write("src/bad.rs", BAD.replace('\n', "\r\n"));
    tree.write(
        "src/worse.rs",
        format!("{BAD}{}", BAD.replace("fn call", "fn again").replace("use std::time::Duration;", "")),
    );
    let ran = tree.run(&["check", "--add-allow=known, see the plan"]);
    assert_eq!(ran.is(0, &[]).out, "added 3 suppressions in 2 files\n");
    tree.run(&["check"]).is(0, &[]).says("0 findings").says(", 3 suppressed\n");
    let text = fs::read_to_string(tree.path("src/bad.rs")).expect("it is there");
    assert_eq!(text.lines().nth(4), Some("    // retrylint: allow(catch-all-retry) known, see the plan"));
    assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
    let ran = tree.run(&["check", "--add-allow=once more"]);
    assert_eq!(ran.is(0, &[]).out, "added 0 suppressions in 0 files\n");
}

#[test]
fn adding_needs_a_reason_and_files() {
    let tree = Tree::package();
    let message = "error: the reason of a suppression is one line of text: --add-allow=\"why it is right here\"";
    tree.run(&["check", "--add-allow= "]).is(2, &[message]);
    tree.run(&["check", "--add-allow=a\nb"]).is(2, &[message]);
    let message = "error: --add-allow writes into files, and standard input is none: name the file instead";
    tree.run_with(&["check", "-", "--add-allow=x"], BAD.as_bytes(), &[]).is(2, &[message]);
    assert_eq!(tree.run(&["check", "--add-allow=x", "--format", "json"]).code, Some(2));
    assert_eq!(fs::read_to_string(tree.path("src/bad.rs")).expect("it is there"), BAD);
}

#[test]
fn they_are_listed_with_their_reasons() {
    let tree = Tree::package();
    assert_eq!(tree.run(&["allows"]).is(0, &[]).out, "0 suppressions\n");
    tree.write("src/bad.rs", with(5, &format!("    {ALLOW}\n"), ""));
    tree.write("src/clean.rs", format!("// retrylint: allow(auth-hammer, RL001) the past\n{CLEAN}"));
    let expected = "\
src/bad.rs:5    catch-all-retry            started by hand
src/clean.rs:1  auth-hammer, auth-backoff  the past (unused)
2 suppressions, 1 of them unused
";
    assert_eq!(tree.run(&["allows"]).is(0, &[]).out, expected);
    let json = tree.run(&["allows", "--format", "json"]).is(0, &[]).json();
    assert_eq!((&json["allows"][0]["uses"], &json["allows"][0]["line"]), (&1.into(), &5.into()));
    assert_eq!(json["allows"][1]["rules"], serde_json::json!(["auth-hammer", "auth-backoff"]));
    assert_eq!(json["summary"]["suppressed"], 1);
}

/// The bad loop with this in front of a line and behind it, and what `fix` makes of it.
fn fixed(line: usize, before: &str, behind: &str, flags: &[&str]) -> (String, Ran) {
    let tree = Tree::package();
    tree.write("src/bad.rs", with(line, before, behind));
    let args = [&["fix", "--rule", "unused-suppression", "--allow-no-vcs"], flags].concat();
    let ran = tree.run(&args);
    let once = fs::read_to_string(tree.path("src/bad.rs")).expect("it is there");
    let again = tree.run(&args);
    again.says(": fixed 0, ");
    assert_eq!(fs::read_to_string(tree.path("src/bad.rs")).expect("it is there"), once);
    (once, ran)
}

#[test]
fn what_suppresses_nothing_is_removed() {
    for (line, before, behind) in [
        (5, "    // retrylint: allow(auth-backoff) x\n", ""),
        (5, "    // retrylint: allow(auth-backoff, RL002)\n", ""),
        (5, "    /* retrylint: allow(nothing-like-it,\n    auth-backoff) x */  \n", ""),
        (5, "", "   // retrylint: allow(auth-backoff) x"),
        (5, "", " /* retrylint: allow(auth-backoff) x */"),
        (1, "// retrylint: allow(auth-backoff) x\n", ""),
        (4, "// retrylint: allow(catch-all-retry) x\n// retrylint: allow(auth-backoff) y\n", ""),
        (16, "", "\n// retrylint: allow(auth-backoff) x"),
    ] {
        let (text, ran) = fixed(line, before, behind, &[]);
        assert_eq!(text, BAD, "{before}{behind}");
        ran.says("unused-suppression (RL090): remove this comment\n");
    }
    // Two words stay two, code keeps its place, and the first line may start with a byte order mark.
    let tree = Tree::package();
    let one = "/* retrylint: allow(RL001) x */";
    tree.write(
        "src/clean.rs",
        format!(
            "\u{feff}// retrylint: allow(RL001) x\r\npub{one}fn f() {{}}\r\nmod m {{\r\n    {one} fn g() {{}}\r\n}}\r\n"
        ),
    );
    let ran = tree.run(&["fix", "--allow-no-vcs", "src/clean.rs"]);
    ran.is(0, &[]).says("3 findings: fixed 3, ");
    let text = fs::read_to_string(tree.path("src/clean.rs")).expect("it is there");
    assert_eq!(text, "\u{feff}pub fn f() {}\r\nmod m {\r\n    fn g() {}\r\n}\r\n");
}

#[test]
fn a_rule_of_several_is_taken_out_of_the_list() {
    for (list, left, message) in [
        ("(catch-all-retry, auth-backoff)", "(catch-all-retry)", "take `auth-backoff` out of the list"),
        ("( RL002 ,RL003,zzz )", "(RL003)", "take `RL002`, `zzz` out of the list"),
    ] {
        let (text, ran) = fixed(5, &format!("    // retrylint: allow{list} x (y)\n"), "", &[]);
        assert_eq!(text, with(5, &format!("    // retrylint: allow{left} x (y)\n"), ""));
        ran.says(message);
    }
}

#[test]
fn what_only_a_person_knows_is_left() {
    for (comment, why) in [
        ("// retrylint: allow(catch-all-retry)", "write down why"),
        ("// retrylint: allow() x", "write down which rule it is about"),
        ("// retrylint: ignore(RL003) x", "write `// retrylint: allow(RULE) why it is right here`"),
    ] {
        let (text, ran) = fixed(5, &format!("    {comment}\n"), "", &[]);
        assert_eq!(text, with(5, &format!("    {comment}\n"), ""));
        ran.is(1, &[]).says(&format!("unused-suppression (RL090): {why}\n"));
    }
    // In tests that are not looked at, a slip may be for something.
    let tree = Tree::package();
    let text = with(5, "    // retrylint: allow(catch-all-retri) x\n", "");
    tree.write("tests/api.rs", &text);
    let ran = tree.run(&["fix", "--allow-no-vcs", "tests"]);
    ran.is(1, &[]).says("write down which rule it is about\n");
    assert_eq!(fs::read_to_string(tree.path("tests/api.rs")).expect("it is there"), text);
    // A slip is corrected for who asks for that.
    let slip = "    // retrylint: allow(catch-all-retri) x\n";
    let (text, ran) = fixed(5, slip, "", &[]);
    assert_eq!(text, with(5, slip, ""));
    ran.says("write `catch-all-retry`; not shown: that `catch-all-retri` is a slip\n");
    let (text, ran) = fixed(5, slip, "", &["--unsafe-fixes"]);
    assert_eq!(text, with(5, "    // retrylint: allow(catch-all-retry) x\n", ""));
    ran.is(0, &[]).says("fixed: src/bad.rs:5 unused-suppression (RL090): write `catch-all-retry`");
}
