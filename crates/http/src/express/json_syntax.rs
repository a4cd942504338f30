//! What V8 says of malformed JSON, for the texts of `SyntaxError`s.
//!
//! A scanner that builds nothing: it finds the first fault in V8's order and words. Positions are UTF-16 units.

/// The first character that is not white space, and its offset.
pub(crate) fn first(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| !matches!(c, ' ' | '\t' | '\n' | '\r'))
}

/// The message of the first fault; `None` where V8 finds none.
pub(crate) fn fault(text: &str) -> Option<String> {
    let mut scan = Scan { text, at: 0 };
    scan.document().err().map(|fault| match fault {
        Fault::Token => match scan.peek() {
            None => "Unexpected end of JSON input".to_owned(),
            Some(b'-' | b'0'..=b'9') => scan.placed("Unexpected number"),
            Some(b'"') => scan.placed("Unexpected string"),
            Some(_) => unexpected(text, scan.at),
        },
        Fault::At(what) => scan.placed(what),
        Fault::Trailing => format!("Unexpected non-whitespace character after JSON at {}", scan.place()),
    })
}

/// `Unexpected token 'x', "…" is not valid JSON`, a long text shortened around the place.
pub(crate) fn unexpected(text: &str, at: usize) -> String {
    const AROUND: usize = 10;
    let units: Vec<u16> = text.encode_utf16().collect();
    let position = text[..at].encode_utf16().count();
    let long = units.len() > 2 * AROUND;
    let start = if long { position.saturating_sub(AROUND) } else { 0 };
    let end = if long && position + AROUND < units.len() { position + AROUND } else { units.len() };
    let shown = String::from_utf16_lossy(&units[start..end]);
    let character = text[at..].chars().next().unwrap_or_default();
    let before = if long && position >= AROUND { "..." } else { "" };
    let after = if end < units.len() { "..." } else { "" };
    format!("Unexpected token '{character}', {before}\"{shown}\"{after} is not valid JSON")
}

enum Fault {
    /// Whatever comes here, if anything does, is none of what may come.
    Token,
    /// What is wrong here.
    At(&'static str),
    /// The document was over.
    Trailing,
}

/// What an open bracket waits for.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Array,
    Object,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn position(&self) -> usize {
        self.text[..self.at].encode_utf16().count()
    }

    fn placed(&self, what: &str) -> String {
        format!("{what} in JSON at {}", self.place())
    }

    /// `position 9 (line 2 column 3)`; a line ends with `\n`, `\r` or both.
    fn place(&self) -> String {
        let before = &self.text[..self.at];
        let ends = before.as_bytes().windows(2).filter(|two| two == b"\r\n").count();
        let line = 1 + before.matches(['\n', '\r']).count() - ends;
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let column = 1 + before[start..].encode_utf16().count();
        format!("position {} (line {line} column {column})", self.position())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over a character, of however many bytes.
    fn step(&mut self) {
        self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Depth is kept in a list, not on the stack: a body may hold as many brackets as bytes.
    fn document(&mut self) -> Result<(), Fault> {
        let mut open: Vec<Open> = vec![];
        loop {
            if self.value(&mut open)? {
                continue;
            }
            loop {
                self.space();
                match open.last().copied() {
                    None if self.peek().is_some() => return Err(Fault::Trailing),
                    None => return Ok(()),
                    Some(Open::Array) if self.eat(b',') => break,
                    Some(Open::Array) if self.eat(b']') => {}
                    Some(Open::Array) => return Err(Fault::At("Expected ',' or ']' after array element")),
                    Some(Open::Object) if self.eat(b',') => {
                        self.space();
                        self.name("Expected double-quoted property name")?;
                        break;
                    }
                    Some(Open::Object) if self.eat(b'}') => {}
                    Some(Open::Object) => {
                        return Err(Fault::At("Expected ',' or '}' after property value"));
                    }
                }
                open.pop();
            }
        }
    }

    /// Scans a value, or the beginning of one that has parts: then, unless it is empty, its first value follows.
    fn value(&mut self, open: &mut Vec<Open>) -> Result<bool, Fault> {
        self.space();
        match self.peek() {
            None => return Err(Fault::Token),
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            Some(b'[') => {
                self.at += 1;
                self.space();
                if !self.eat(b']') {
                    open.push(Open::Array);
                    return Ok(true);
                }
            }
            Some(b'{') => {
                self.at += 1;
                self.space();
                if !self.eat(b'}') {
                    self.name("Expected property name or '}'")?;
                    open.push(Open::Object);
                    return Ok(true);
                }
            }
            Some(_) => return Err(Fault::Token),
        }
        Ok(false)
    }

    /// A name and its colon; `no_name` is said where another thing comes.
    fn name(&mut self, no_name: &'static str) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(Fault::At(no_name));
        }
        self.string()?;
        self.space();
        if self.eat(b':') { Ok(()) } else { Err(Fault::At("Expected ':' after property name")) }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        for byte in word.bytes() {
            if !self.eat(byte) {
                return Err(Fault::Token);
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(Fault::At("Unterminated string")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                Some(0..0x20) => return Err(Fault::At("Bad control character in string literal")),
                Some(_) => self.step(),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(Fault::At("Bad Unicode escape"));
                    }
                    self.at += 1;
                }
            }
            None => return Err(Fault::Token),
            Some(_) => return Err(Fault::At("Bad escaped character")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.eat(b'-') && !self.is_digit() {
            return Err(Fault::At("No number after minus sign"));
        }
        if self.eat(b'0') {
            if self.is_digit() {
                return Err(Fault::At("Unexpected number"));
            }
        } else {
            self.digits("")?;
        }
        if self.eat(b'.') {
            self.digits("Unterminated fractional number")?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits("Exponent part is missing a number")?;
        }
        Ok(())
    }

    fn is_digit(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_digit())
    }

    fn digits(&mut self, otherwise: &'static str) -> Result<(), Fault> {
        if !self.is_digit() {
            return Err(Fault::At(otherwise));
        }
        while self.is_digit() {
            self.at += 1;
        }
        Ok(())
    }
}
#[cfg(test)]
mod tests {
    use super::{fault, unexpected};

    /// Texts, and what V8 of Node 24 says.
    const SAID: &[(&str, &str)] = &[
        ("{bad", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        ("{", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        ("{\"a\"", "Expected ':' after property name in JSON at position 4 (line 1 column 5)"),
        ("{\"a\" 1}", "Expected ':' after property name in JSON at position 5 (line 1 column 6)"),
        ("{\"a\":1,\"b\" 1}", "Expected ':' after property name in JSON at position 11 (line 1 column 12)"),
        ("{\"a\":", "Unexpected end of JSON input"),
        ("{\"a\":1", "Expected ',' or '}' after property value in JSON at position 6 (line 1 column 7)"),
        ("{\"a\":1,}", "Expected double-quoted property name in JSON at position 7 (line 1 column 8)"),
        ("{\"a\":}", "Unexpected token '}', \"{\"a\":}\" is not valid JSON"),
        ("{\"a\":tru}", "Unexpected token '}', \"{\"a\":tru}\" is not valid JSON"),
        ("{\"a\":nul", "Unexpected end of JSON input"),
        ("[\"x\\", "Unexpected end of JSON input"),
        ("[tr1]", "Unexpected number in JSON at position 3 (line 1 column 4)"),
        ("[tr\"x\"]", "Unexpected string in JSON at position 3 (line 1 column 4)"),
        ("{\"a\":01}", "Unexpected number in JSON at position 6 (line 1 column 7)"),
        ("{\"a\":-}", "No number after minus sign in JSON at position 6 (line 1 column 7)"),
        ("{\"a\":1.}", "Unterminated fractional number in JSON at position 7 (line 1 column 8)"),
        ("{\"a\":1e}", "Exponent part is missing a number in JSON at position 7 (line 1 column 8)"),
        ("{\"a\":\"\n\"}", "Bad control character in string literal in JSON at position 6 (line 1 column 7)"),
        ("{\"a\":\"\\q\"}", "Bad escaped character in JSON at position 7 (line 1 column 8)"),
        ("{\"a\":\"\\u12\"}", "Bad Unicode escape in JSON at position 10 (line 1 column 11)"),
        ("{\"a\":\"x", "Unterminated string in JSON at position 7 (line 1 column 8)"),
        ("[1 2]", "Expected ',' or ']' after array element in JSON at position 3 (line 1 column 4)"),
        (
            "[1,\r\n2,\n\r 3 4]",
            "Expected ',' or ']' after array element in JSON at position 12 (line 4 column 4)",
        ),
        ("[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON"),
        ("{\"a\":1} x", "Unexpected non-whitespace character after JSON at position 8 (line 1 column 9)"),
        (
            "{\"name\":\"x\",\"list\":[true,false,nux],\"n\":1}",
            "Unexpected token 'x', ...\"e,false,nux],\"n\":1}\" is not valid JSON",
        ),
    ];

    #[test]
    fn faults_are_told_in_v8s_words() {
        for (text, said) in SAID {
            assert_eq!(fault(text).as_deref(), Some(*said), "{text}");
        }
        assert_eq!(unexpected("nope", 0), "Unexpected token 'n', \"nope\" is not valid JSON");
    }

    #[test]
    fn what_v8_reads_has_no_fault() {
        let deep = "[".repeat(50_000) + &"]".repeat(50_000);
        for text in ["[1e400,\"\\ud800\"]", "{\"a\":[{},[],-0.5E+3,null]}", deep.as_str()] {
            assert_eq!(fault(text), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_fault_is_found_wherever_serde_finds_one(text in "[\\[\\]{}\",:0-9a-z\\\\ .eE+-]{0,24}") {
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                proptest::prop_assert_eq!(fault(&text), None);
            }
        }
    }
}
