//! What a failed test printed, short enough for a summary.

/// How many lines stay of the beginning, where a panic says what was wrong, and of the end.
const LINES: usize = 30;

/// How many bytes stay of a line: an assertion may hold the output of a whole process.
const LINE: usize = 2000;

/// Of what was printed, the lines that are not blank; where they are many, the first and the last of them.
pub(super) fn shortened<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<_> = lines.filter(|line| !line.trim().is_empty()).map(cut).collect();
    if lines.len() <= 2 * LINES {
        return lines.join("\n");
    }
    let left_out = format!("… {} lines …", lines.len() - 2 * LINES);
    let (first, last) = (&lines[..LINES], &lines[lines.len() - LINES..]);
    [first, &[left_out], last].concat().join("\n")
}

fn cut(line: &str) -> String {
    match line.floor_char_boundary(LINE) {
        end if end < line.len() => format!("{}… ({} bytes)", &line[..end], line.len()),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_lines_the_first_and_the_last_stay() {
        let lines: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        let told = shortened(lines.iter().map(String::as_str));
        assert!(
            told.starts_with("0\n1\n") && told.contains("\n29\n… 40 lines …\n70\n") && told.ends_with("\n99")
        );
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let told = shortened(["é".repeat(3000).as_str()].into_iter());
        assert_eq!(told, format!("{}… (6000 bytes)", "é".repeat(1000)));
    }
}
