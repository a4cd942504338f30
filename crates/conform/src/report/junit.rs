//! The report for CI: JUnit's XML, of which each area is a suite and each request a case.

use std::fmt::Write as _;

use super::{Report, Verdict, text::write_difference};

impl Report {
    /// For CI.
    pub fn junit(&self) -> String {
        let mut out = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"greenroom conform\">\n",
        );
        let _ = self.write_suites(&mut out);
        out + "</testsuites>\n"
    }

    fn write_suites(&self, out: &mut String) -> std::fmt::Result {
        for (area, count) in self.areas() {
            let tests = count.same + count.differs + count.known + count.not_comparable;
            writeln!(
                out,
                "  <testsuite name=\"{area}\" tests=\"{tests}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
                count.differs, count.not_comparable
            )?;
            for checked in self.checked.iter().filter(|checked| checked.subject.area == area) {
                let name = escaped(&checked.subject.name);
                write!(out, "    <testcase classname=\"greenroom.conform.{area}\" name=\"{name}\"")?;
                match &checked.verdict {
                    Verdict::Same => writeln!(out, "/>")?,
                    Verdict::NotComparable(why) => {
                        writeln!(out, "><skipped message=\"{}\"/></testcase>", escaped(why))?;
                    }
                    Verdict::Differs(all) => {
                        let mut told = String::new();
                        for (difference, known) in all {
                            write_difference(&mut told, difference)?;
                            if let Some(index) = known {
                                writeln!(told, "    known: {}", self.known.0[*index].why)?;
                            }
                        }
                        if let Some([curl, _]) = &checked.subject.curl {
                            told = format!("{curl}\n{told}");
                        }
                        let told = escaped(&told);
                        if checked.is_known() {
                            writeln!(out, "><system-out>{told}</system-out></testcase>")?;
                        } else {
                            let open = all.iter().filter(|(_, known)| known.is_none());
                            let what: Vec<&str> = open.map(|(difference, _)| &*difference.what).collect();
                            writeln!(
                                out,
                                "><failure type=\"difference\" message=\"{}\">{told}</failure></testcase>",
                                escaped(&what.join(", "))
                            )?;
                        }
                    }
                }
            }
            writeln!(out, "  </testsuite>")?;
        }
        if let Some((why, count)) = &self.left_out {
            writeln!(
                out,
                "  <testsuite name=\"whole\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\"><testcase \
                 classname=\"greenroom.conform\" name=\"all requests are made\"><failure type=\"incomplete\" \
                 message=\"{count} were not: {}\"/></testcase></testsuite>",
                escaped(why)
            )?;
        }
        Ok(())
    }
}

/// A text as XML may hold it; characters that XML 1.0 has no way to write are shown as what they are not.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
