//! Scripts as written in `conversations/*.txt` (the README there explains the form). Parsing is
//! strict: a text with a mistake is refused whole, and a test parses them all.

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The one who rang.
    Caller,
    /// The agent.
    Receptionist,
}

/// How a call ends once everything is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The caller hangs up.
    Caller,
    /// The caller is put through to somebody.
    Transfer,
    /// The receptionist ends it.
    Receptionist,
    /// The line breaks.
    Dropped,
}

/// One line of a script; texts still hold their variables.
#[derive(Debug)]
pub enum Line {
    /// Speech.
    Said(Speech),
    /// A tool call and its answer.
    Tool(ToolUse),
}

/// What somebody says.
#[derive(Debug)]
pub struct Speech {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub text: &'static str,
    /// Talked over.
    pub interrupted: bool,
    /// The sentence the sentiment rests on.
    pub feeling: bool,
    /// The sentence the revenue rests on.
    pub money: bool,
}

/// What the receptionist looks up or does.
#[derive(Debug)]
pub struct ToolUse {
    /// Which tool.
    pub name: &'static str,
    /// In order.
    pub arguments: Vec<(&'static str, &'static str)>,
    /// What came back.
    pub output: &'static str,
    /// Whether it was an error.
    pub failed: bool,
}

/// Variables drawn together: names, and the rows to choose from.
#[derive(Debug)]
pub struct Choice {
    /// A name that begins with `$` holds dollars.
    pub names: Vec<&'static str>,
    /// One value a name.
    pub rows: Vec<Vec<&'static str>>,
}

/// One script.
#[derive(Debug)]
pub struct Script {
    /// For people.
    pub title: &'static str,
    /// Next to the others of its file.
    pub weight: f64,
    /// How the call ends.
    pub ending: Ending,
    /// `success`, `fail` or `unknown`.
    pub outcome: &'static str,
    /// A word or two.
    pub outcome_label: &'static str,
    /// A sentence.
    pub outcome_reason: &'static str,
    /// `positive`, `neutral` or `negative`.
    pub sentiment: &'static str,
    /// From -1 to 1.
    pub sentiment_score: f64,
    /// The variable that is the captured money.
    pub revenue: Option<&'static str>,
    /// Words.
    pub tags: Vec<&'static str>,
    /// For the owner.
    pub summary: &'static str,
    /// In the order drawn.
    pub choices: Vec<Choice>,
    /// In order.
    pub lines: Vec<Line>,
}

/// Why a text cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{title}: {problem}: {line}")]
pub struct Mistake {
    title: &'static str,
    problem: &'static str,
    line: &'static str,
}

/// All scripts of a file.
///
/// # Errors
/// The first line that cannot be read, or a script without what it needs.
pub fn parse(text: &'static str) -> Result<Vec<Script>, Mistake> {
    text.split("\n== ")
        .map(|part| script(part.strip_prefix("== ").unwrap_or(part)))
        .collect()
}

fn script(text: &'static str) -> Result<Script, Mistake> {
    let (title, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mistake = |problem, line| Mistake {
        title,
        problem,
        line,
    };
    let (head, body) = rest
        .split_once("\n--\n")
        .ok_or_else(|| mistake("no -- between head and lines", ""))?;
    let mut script = Script {
        title,
        weight: 1.0,
        ending: Ending::Caller,
        outcome: "",
        outcome_label: "",
        outcome_reason: "",
        sentiment: "",
        sentiment_score: 0.0,
        revenue: None,
        tags: Vec::new(),
        summary: "",
        choices: Vec::new(),
        lines: Vec::new(),
    };
    for line in head.lines().filter(|line| !line.is_empty()) {
        script
            .read_head(line)
            .map_err(|problem| mistake(problem, line))?;
    }
    for line in body.lines().filter(|line| !line.is_empty()) {
        let parsed = said(line)
            .or_else(|| tool(line))
            .ok_or_else(|| mistake("neither speech nor tool", line))?;
        script.lines.push(parsed);
    }
    let complete = [
        script.outcome,
        script.outcome_label,
        script.outcome_reason,
        script.sentiment,
        script.summary,
    ];
    if complete.contains(&"") || script.lines.is_empty() {
        return Err(mistake(
            "outcome, sentiment, summary or lines are missing",
            "",
        ));
    }
    Ok(script)
}

impl Script {
    fn read_head(&mut self, line: &'static str) -> Result<(), &'static str> {
        let (word, rest) = line.split_once(' ').ok_or("a word and what it says")?;
        match word {
            "weight" => self.weight = rest.parse().map_err(|_| "a number")?,
            "ends" => {
                self.ending = match rest {
                    "caller" => Ending::Caller,
                    "transfer" => Ending::Transfer,
                    "receptionist" => Ending::Receptionist,
                    "dropped" => Ending::Dropped,
                    _ => return Err("an ending"),
                };
            }
            "outcome" => {
                let parts: Vec<_> = rest.splitn(3, " | ").collect();
                let [status, label, reason] = parts[..] else {
                    return Err("status, label and reason");
                };
                (self.outcome, self.outcome_label, self.outcome_reason) = (status, label, reason);
            }
            "sentiment" => {
                let (label, score) = rest.split_once(' ').ok_or("a label and a score")?;
                self.sentiment = label;
                self.sentiment_score = score.parse().map_err(|_| "a score")?;
            }
            "revenue" => self.revenue = Some(rest),
            "tags" => self.tags = rest.split(", ").collect(),
            "summary" => self.summary = rest,
            "let" => self.choices.push(choice(rest)?),
            _ => return Err("an unknown word"),
        }
        Ok(())
    }
}

fn choice(text: &'static str) -> Result<Choice, &'static str> {
    let (names, rows) = text.split_once(" = ").ok_or("a let needs ` = `")?;
    let names: Vec<_> = names.split('/').collect();
    let rows: Vec<Vec<_>> = rows
        .split('|')
        .map(|row| row.trim().split('/').collect())
        .collect();
    if rows.iter().any(|row| row.len() != names.len()) {
        return Err("as many values as names");
    }
    Ok(Choice { names, rows })
}

fn said(line: &'static str) -> Option<Line> {
    let (mark, text) = line.split_once(": ")?;
    let speaker = match mark.chars().next()? {
        'C' => Speaker::Caller,
        'R' => Speaker::Receptionist,
        _ => return None,
    };
    let marks = &mark[1..];
    if !marks.chars().all(|mark| "!$~".contains(mark)) {
        return None;
    }
    Some(Line::Said(Speech {
        speaker,
        text,
        interrupted: marks.contains('~'),
        feeling: marks.contains('!'),
        money: marks.contains('$'),
    }))
}

fn tool(line: &'static str) -> Option<Line> {
    let (mark, call) = line.split_once(": ")?;
    let (call, output) = call.split_once(" -> ")?;
    let (name, arguments) = call.strip_suffix(')')?.split_once('(')?;
    let arguments = arguments
        .split("; ")
        .map(|pair| pair.split_once('='))
        .collect::<Option<_>>()?;
    let failed = match mark {
        "T" => false,
        "E" => true,
        _ => return None,
    };
    Some(Line::Tool(ToolUse {
        name,
        arguments,
        output,
        failed,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_a_mistake_is_refused_with_its_line() {
        let mistake = parse("== greets\noutcome success | A | B\nsentiment neutral 0\nsummary S\n--\nR: hello\nX: no such speaker")
            .map(|_| ())
            .unwrap_err();
        assert_eq!(
            mistake.to_string(),
            "greets: neither speech nor tool: X: no such speaker"
        );
    }

    #[test]
    fn a_let_needs_a_value_for_each_name() {
        assert!(choice("work/$price = crown/1200 | filling").is_err());
        assert_eq!(
            choice("work/$price = crown/1200").unwrap().rows,
            [["crown", "1200"]]
        );
    }
}
