//! As much of Markdown as our own pages need: front matter, headings, fenced blocks.

/// A page.
pub struct Page {
    /// Its lines, without line ends.
    pub lines: Vec<String>,
    /// The front matter's `key: value` lines, in order.
    pub front: Vec<(String, String)>,
    /// Its headings: how many `#`, and the text.
    pub headings: Vec<(usize, String)>,
    /// Its fenced blocks, in order.
    pub blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Clone)]
pub struct Block {
    /// What follows the opening fence: `rust,bad`.
    pub info: String,
    /// The text inside; ends with a line end unless it is empty.
    pub text: String,
    /// The line of the opening fence, counted from 1.
    pub line: usize,
    /// The last heading before it.
    pub heading: String,
    /// Nothing but blank lines stands between the block before and this one.
    pub follows: bool,
}

impl Page {
    /// Reads a page.
    pub fn parse(text: &str) -> Page {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut page = Page { front: Vec::new(), headings: Vec::new(), blocks: Vec::new(), lines };
        let mut at = page.read_front();
        let mut follows = false;
        while at < page.lines.len() {
            let line = page.lines[at].clone();
            if let Some(info) = line.strip_prefix("```") {
                let start = at;
                at += 1;
                let mut inside = String::new();
                while at < page.lines.len() && page.lines[at] != "```" {
                    inside.push_str(&page.lines[at]);
                    inside.push('\n');
                    at += 1;
                }
                let heading = page.headings.last().map(|(_, text)| text.clone()).unwrap_or_default();
                page.blocks.push(Block { info: info.to_owned(), text: inside, line: start + 1, heading, follows });
                follows = true;
            } else if !line.trim().is_empty() {
                follows = false;
                let level = line.chars().take_while(|c| *c == '#').count();
                if level > 0 && line[level..].starts_with(' ') {
                    page.headings.push((level, line[level..].trim().to_owned()));
                }
            }
            at += 1;
        }
        page
    }

    fn read_front(&mut self) -> usize {
        if self.lines.first().is_none_or(|line| line != "---") {
            return 0;
        }
        for (n, line) in self.lines.iter().enumerate().skip(1) {
            if line == "---" {
                return n + 1;
            }
            let (key, value) = line.split_once(':').unwrap_or((line, ""));
            self.front.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        self.front.clear();
        0
    }

    /// The first paragraph's first line: what the page is about.
    pub fn about(&self) -> &str {
        let title = self.lines.iter().position(|line| line.starts_with("# ")).map_or(0, |n| n + 1);
        self.lines[title..].iter().map(|line| line.trim()).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// What stands outside of fenced blocks.
    pub fn prose(&self) -> String {
        let mut out = String::new();
        let mut line = 0;
        for block in &self.blocks {
            push_lines(&mut out, &self.lines[line..block.line - 1]);
            line = (block.line + block.text.lines().count() + 1).min(self.lines.len());
        }
        push_lines(&mut out, &self.lines[line..]);
        out
    }

    /// The text with other contents in some blocks, given by their place in [`Page::blocks`].
    pub fn with(&self, contents: &[(usize, String)]) -> String {
        let mut out = String::new();
        let mut line = 0;
        for (n, block) in self.blocks.iter().enumerate() {
            let first = block.line;
            push_lines(&mut out, &self.lines[line..first]);
            let new = contents.iter().find(|(at, _)| *at == n).map_or(&block.text, |(_, text)| text);
            out.push_str(new);
            line = first + block.text.lines().count();
        }
        push_lines(&mut out, &self.lines[line..]);
        out
    }
}

fn push_lines(out: &mut String, lines: &[String]) {
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
}
