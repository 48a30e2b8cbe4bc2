//! The parts of the repository that must agree: rules and their pages, documents and the command line, messages and the
//! convention for them. A failure says what to do.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use retrylint::rules::{RULES, Rule};
use retrylint::{Options, check_source};
use support::markdown::Page;
use support::{files, quote, read, stem};

/// The second-level headings of a rule's page, in order.
const SECTIONS: [&str; 5] = ["What it does", "Why it is bad", "Examples", "Use instead", "Limits"];

/// Blocks of either kind that a page has at least.
const BLOCKS: usize = 3;

fn page_of(rule: &Rule) -> String {
    format!("rules/{}.md", rule.name)
}

fn pages() -> impl Iterator<Item = (&'static Rule, String, Page)> {
    RULES.iter().map(|rule| {
        let path = page_of(rule);
        let page = Page::parse(&read(&path));
        (*rule, path, page)
    })
}

#[test]
fn rules_are_sorted_and_told_apart() {
    let codes: Vec<_> = RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.is_sorted(), "sort RULES in src/rules/mod.rs by code: {codes:?}");
    let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    let codes: BTreeSet<_> = codes.into_iter().collect();
    assert_eq!((codes.len(), names.len()), (RULES.len(), RULES.len()), "give every rule a code and a name of its own");
    for rule in RULES {
        let digits = rule.code.strip_prefix("RL").unwrap_or_default();
        assert!(
            digits.len() == 3 && digits.chars().all(|c| c.is_ascii_digit()),
            "the code of {} is `{}`: it is `RL` and three digits",
            rule.name,
            rule.code
        );
        assert!(
            rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "the name of {} is `{}`: it is lower-case words with `-` between them",
            rule.code,
            rule.name
        );
    }
}

#[test]
fn every_rule_file_is_in_the_table() {
    for path in files("src/rules", "rs") {
        let file = format!("src/rules/{}.rs", stem(&path));
        if !read(&file).contains("static RULE: Rule =") {
            continue;
        }
        let name = stem(&path).replace('_', "-");
        assert!(
            RULES.iter().any(|rule| rule.name == name),
            "{file} defines a rule that is not in the table: in src/rules/mod.rs add `mod` and `&{}::RULE` in RULES, by code, and \
             call the rule `{name}`",
            stem(&path)
        );
    }
    for rule in RULES {
        let file = format!("src/rules/{}.rs", rule.name.replace('-', "_"));
        assert!(support::repository(&file).is_file(), "move {} into a file of its own, {file}", rule.name);
    }
}

#[test]
fn every_page_has_a_rule() {
    for path in files("rules", "md") {
        let name = stem(&path);
        assert!(
            RULES.iter().any(|rule| rule.name == name),
            "rules/{name}.md is no rule's page: add the rule `{name}` to RULES, or rename or remove the page"
        );
    }
}

#[test]
fn pages_are_compiled_in() {
    for (rule, path, _) in pages() {
        assert!(rule.page == read(&path), "make the page of {} `include_str!(\"../../{path}\")`", rule.name);
    }
}

#[test]
fn pages_have_front_matter_that_matches_the_rule() {
    for (rule, path, page) in pages() {
        let keys: Vec<&str> = page.front.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            ["code", "name", "level", "since", "fix"],
            "start {path} with front matter between `---` lines that has exactly these keys in this order"
        );
        let front: BTreeMap<&str, &str> = page.front.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        for (key, value) in [("code", rule.code), ("name", rule.name), ("level", rule.level.as_str())] {
            assert_eq!(front[key], value, "`{key}` in the front matter of {path} is not what the rule says");
        }
        assert!(
            read("CHANGELOG.md").contains(&format!("## {}", front["since"])),
            "`since` in the front matter of {path} is {}: no heading of CHANGELOG.md names that version",
            front["since"]
        );
        let shown = page.blocks.iter().any(|block| block.info == "rust,fixed");
        let fix = front["fix"];
        assert!(
            matches!(fix, "none" | "unsafe" | "safe"),
            "`fix` in the front matter of {path} is none, unsafe or safe"
        );
        assert_eq!(fix != "none", shown, "{path} shows a repair in a `rust,fixed` block if there is one, else not");
    }
}

#[test]
fn pages_have_all_sections() {
    for (rule, path, page) in pages() {
        let of_level = |level| -> Vec<&str> {
            page.headings.iter().filter(|(found, _)| *found == level).map(|(_, text)| text.as_str()).collect()
        };
        assert_eq!(of_level(1), [rule.name], "{path} has one first-level heading, the rule's name");
        assert_eq!(of_level(2), SECTIONS, "{path} has exactly these second-level headings, in this order");
        let about = page.about();
        assert!(
            about.ends_with('.') && !about.contains(". ") && about.chars().count() <= 100,
            "{path}: the line under the title is one sentence of 100 characters at most, since `retrylint explain` lists \
             it: {about}"
        );
    }
}

#[test]
fn pages_show_enough() {
    for (_, path, page) in pages() {
        for kind in ["rust,bad", "rust,good"] {
            let found = page.blocks.iter().filter(|block| block.info == kind).count();
            assert!(found >= BLOCKS, "{path} has {found} blocks `{kind}`: write {} more", BLOCKS - found);
        }
        assert!(
            page.blocks.iter().any(|block| block.info == "output"),
            "{path} shows no report: put an empty `output` block after a bad block and run `UPDATE=1 cargo test --test rules`"
        );
    }
}

#[test]
fn messages_follow_the_convention() {
    let mut seen = BTreeSet::new();
    for (_, path, page) in pages() {
        for block in page.blocks.iter().filter(|block| block.info == "rust,bad") {
            for finding in check_source("example.rs", &block.text, &Options::default()).findings {
                seen.insert(finding.rule.name);
                let mut texts = vec![("message", finding.message), ("help", finding.help)];
                texts.extend(finding.witness.into_iter().map(|step| ("witness", step.what)));
                for (what, text) in texts {
                    let plain = !text.ends_with(['.', '!', ' '])
                        && !text.contains('\n')
                        && !text.starts_with(char::is_uppercase);
                    assert!(
                        plain && !text.is_empty(),
                        "{path}:{}: a {what} starts in lower case, has no final period and is one line: {text:?}",
                        block.line
                    );
                }
            }
        }
    }
    for rule in RULES {
        assert!(seen.contains(rule.name), "no bad block of any page is reported by {}", rule.name);
    }
}

#[test]
fn the_readme_lists_the_rules() {
    let mut table = String::from("| code | rule | level | reports |\n|---|---|---|---|\n");
    for (rule, path, page) in pages() {
        table.push_str(&format!(
            "| {} | [`{}`]({path}) | {} | {} |\n",
            rule.code,
            rule.name,
            rule.level.as_str(),
            page.about().trim_end_matches('.')
        ));
    }
    let readme = read("README.md");
    let start = readme.find("| code | rule |").expect("README.md has the table of rules: put `| code | rule |` there");
    let end = readme[start..].find("\n\n").map_or(readme.len(), |length| start + length + 1);
    if quote::is_update() {
        quote::rewrite("README.md", &format!("{}{table}{}", &readme[..start], &readme[end..]));
        return;
    }
    assert!(
        readme[start..end] == table,
        "the table of rules in README.md is not that of RULES and their pages:\n{}`UPDATE=1 cargo test --test meta` writes \
         it",
        quote::difference(&readme[start..end], &table)
    );
}

/// The commands and flags that exist, as `--help` tells them.
struct CommandLine {
    /// By subcommand; the empty name is that of the program itself.
    flags: BTreeMap<String, BTreeSet<String>>,
    /// Those of `cargo retrylint`.
    for_cargo: BTreeSet<String>,
}

impl CommandLine {
    fn from_help() -> CommandLine {
        let (help, _) = quote::run(&["--help"]);
        let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        let mut flags = BTreeMap::from([(String::new(), flags_in(&help))]);
        for name in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
            flags.insert(name.to_owned(), flags_in(&quote::run(&[name, "--help"]).0));
        }
        assert!(flags.len() > 1, "`retrylint --help` lists no commands any more: read it otherwise here");
        let help = Command::new(env!("CARGO_BIN_EXE_cargo-retrylint")).arg("--help").output().expect("it starts");
        let for_cargo = flags_in(&String::from_utf8_lossy(&help.stdout));
        CommandLine { flags, for_cargo }
    }

    fn knows(&self, flag: &str) -> bool {
        self.flags.values().chain([&self.for_cargo]).any(|flags| flags.contains(flag))
    }

    /// What is wrong with a command that a document shows.
    fn fault(&self, arguments: &str) -> Option<String> {
        // Beyond these it is another program's, or a remark.
        let arguments = arguments.split(['|', '>', '#', ';', '&']).next().unwrap_or_default();
        let words =
            shell_words::split(arguments).unwrap_or_else(|_| arguments.split_whitespace().map(str::to_owned).collect());
        // What is quoted as a whole is a text, or the command line of another program.
        let mut words = words.into_iter().filter(|word| !word.starts_with('[') && !word.contains(' ')).peekable();
        let name = words.next_if(|word| !word.starts_with('-')).unwrap_or_default();
        let Some(flags) = self.flags.get(&name) else { return Some(format!("there is no command `{name}`")) };
        let unknown = flags_in(&words.collect::<Vec<_>>().join(" ")).into_iter().find(|flag| !flags.contains(flag))?;
        Some(format!("`retrylint {name}` has no flag `{unknown}`"))
    }
}

/// `-j`, `--format`: words with dashes in front, without what is attached to them.
fn flags_in(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
    text.split(|c: char| !(is_name(c) || c.is_alphanumeric() || "=_/.".contains(c)))
        .filter_map(|word| {
            let flag = &word[..word.find(|c: char| !is_name(c) && c != 'V').unwrap_or(word.len())];
            let bare = flag.trim_start_matches('-');
            let is_short = flag.starts_with('-') && !flag.starts_with("--") && bare.len() == 1;
            let is_long = flag.starts_with("--") && !flag.starts_with("---") && bare.len() > 1;
            (is_short || is_long).then(|| flag.to_owned())
        })
        .collect()
}

/// What a document says in code: blocks of commands line by line, and text between backticks.
fn code_in(text: &str) -> Vec<String> {
    let page = Page::parse(text);
    let commands = page.blocks.iter().filter(|block| matches!(block.info.as_str(), "console" | "sh" | "yaml"));
    let mut code: Vec<String> = commands.flat_map(|block| block.text.lines().map(str::to_owned)).collect();
    code.extend(page.prose().split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")));
    code
}

#[test]
fn documents_name_only_commands_and_flags_that_exist() {
    let line = CommandLine::from_help();
    let mut documents = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned(), "CHANGELOG.md".to_owned()];
    documents.extend(files("docs", "md").iter().map(|path| format!("docs/{}.md", stem(path))));
    documents.extend(RULES.iter().map(|rule| page_of(rule)));
    for document in &documents {
        for code in code_in(&read(document)) {
            let code = code.trim().trim_start_matches("$ ");
            let arguments = code
                .strip_prefix("retrylint ")
                .or_else(|| {
                    code.strip_prefix("cargo run").and_then(|rest| rest.split_once("-- ")).map(|(_, rest)| rest)
                })
                .or_else(|| code.split_once("| retrylint ").map(|(_, rest)| rest));
            let fault = match arguments {
                Some(arguments) => line.fault(arguments),
                None if code.starts_with("--") => flags_in(code)
                    .into_iter()
                    .find(|flag| !line.knows(flag))
                    .map(|flag| format!("there is no flag `{flag}`")),
                None => None,
            };
            if let Some(fault) = fault {
                panic!("{document} shows `{code}`, but {fault}: mend the document");
            }
        }
    }
}

#[test]
fn ci_kits_use_only_commands_and_flags_that_exist() {
    let line = CommandLine::from_help();
    for file in ["action.yml", ".pre-commit-hooks.yaml"] {
        let text = read(file);
        let commands: Vec<&str> =
            text.lines().filter_map(|text| text.split_once("retrylint check")).map(|(_, rest)| rest).collect();
        let used: Vec<&str> =
            text.lines().filter_map(|text| text.split_once("/retrylint\" check")).map(|(_, rest)| rest).collect();
        assert!(
            !commands.is_empty() || !used.is_empty(),
            "{file} does not run `retrylint check` any more: read it otherwise here"
        );
        for rest in commands.into_iter().chain(used).filter(|rest| !rest.starts_with('`')) {
            if let Some(fault) = line.fault(&format!("check{}", rest.replace('"', ""))) {
                panic!("{file} runs `retrylint check{rest}`, but {fault}");
            }
        }
    }
}

#[test]
fn the_readme_names_every_command_and_flag() {
    let readme = read("README.md");
    for (name, flags) in &CommandLine::from_help().flags {
        assert!(
            readme.contains(&format!("retrylint {name}")),
            "README.md does not show `retrylint {name}`: add it under Use"
        );
        for flag in
            flags.iter().filter(|flag| flag.starts_with("--") && !["--help", "--version"].contains(&flag.as_str()))
        {
            assert!(
                readme.contains(flag),
                "README.md does not mention `{flag}` of `retrylint {name}`: add it under Use"
            );
        }
    }
}
