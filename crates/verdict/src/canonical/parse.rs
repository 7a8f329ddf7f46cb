//! The strict reader of [`Value`]: JSON (RFC 8259) first, canonical form second, so that an error says which of both failed.

use std::collections::BTreeMap;

use super::{FormatError, MAX_DEPTH, Value};

const VALUE: &str =
    "a string, list, object, true or false (numbers are written as decimal strings)";

/// Reads exactly one canonical document.
pub fn parse(bytes: &[u8]) -> Result<Value, FormatError> {
    let text = std::str::from_utf8(bytes).map_err(|error| FormatError::Syntax {
        offset: error.valid_up_to(),
        expected: "UTF-8",
    })?;
    let mut parser = Parser { text, position: 0 };
    let value = parser.value(0)?;
    if parser.position != text.len() {
        return Err(parser.expected("the end of the document"));
    }
    // One value has one byte form: whatever differs from it (order, white space, escapes) is refused here.
    let canonical = value.to_bytes();
    if canonical != bytes {
        let offset = canonical
            .iter()
            .zip(bytes)
            .take_while(|(left, right)| left == right)
            .count();
        return Err(FormatError::NotCanonical { offset });
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
}

impl Parser<'_> {
    const fn expected(&self, expected: &'static str) -> FormatError {
        FormatError::Syntax {
            offset: self.position,
            expected,
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, FormatError> {
        if depth >= MAX_DEPTH {
            return Err(self.expected("less nesting"));
        }
        if self.eat("true") {
            return Ok(Value::Bool(true));
        }
        if self.eat("false") {
            return Ok(Value::Bool(false));
        }
        if self.eat("[") {
            return self.list(depth);
        }
        if self.eat("{") {
            return self.object(depth);
        }
        if self.eat("\"") {
            return Ok(Value::Text(self.text()?));
        }
        Err(self.expected(VALUE))
    }

    fn list(&mut self, depth: usize) -> Result<Value, FormatError> {
        let mut items = Vec::new();
        if self.eat("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat("]") {
                return Ok(Value::List(items));
            }
            if !self.eat(",") {
                return Err(self.expected("\",\" or \"]\""));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, FormatError> {
        let mut members = BTreeMap::new();
        if self.eat("}") {
            return Ok(Value::Object(members));
        }
        loop {
            let offset = self.position;
            if !self.eat("\"") {
                return Err(self.expected("a member name in quotes or \"}\""));
            }
            let name = self.text()?;
            if !name.is_ascii() {
                return Err(FormatError::Syntax {
                    offset,
                    expected: "an ASCII member name",
                });
            }
            if !self.eat(":") {
                return Err(self.expected("\":\""));
            }
            let value = self.value(depth + 1)?;
            if members.contains_key(&name) {
                return Err(FormatError::DuplicateMember { offset, name });
            }
            members.insert(name, value);
            if self.eat("}") {
                return Ok(Value::Object(members));
            }
            if !self.eat(",") {
                return Err(self.expected("\",\" or \"}\""));
            }
        }
    }

    /// The rest of a string whose opening quote is already read.
    fn text(&mut self) -> Result<String, FormatError> {
        let mut text = String::new();
        loop {
            let Some(character) = self.rest().chars().next() else {
                return Err(self.expected("the closing quote of a string"));
            };
            match character {
                '"' => {
                    self.position += 1;
                    return Ok(text);
                }
                '\\' => {
                    self.position += 1;
                    text.push(self.escape()?);
                }
                control if control < ' ' => {
                    return Err(self.expected("an escaped control character"));
                }
                other => {
                    self.position += other.len_utf8();
                    text.push(other);
                }
            }
        }
    }

    /// Surrogate escapes are not read: the canonical form never escapes what needs one.
    fn escape(&mut self) -> Result<char, FormatError> {
        let error = self.expected("an escape sequence of RFC 8259");
        let Some(kind) = self.rest().chars().next() else {
            return Err(error);
        };
        let plain = match kind {
            '"' | '\\' | '/' => Some(kind),
            'b' => Some('\u{8}'),
            't' => Some('\t'),
            'n' => Some('\n'),
            'f' => Some('\u{c}'),
            'r' => Some('\r'),
            'u' => None,
            _ => return Err(error),
        };
        if let Some(plain) = plain {
            self.position += 1;
            return Ok(plain);
        }
        let digits = self.rest().get(1..5).ok_or_else(|| error.clone())?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(error);
        }
        let code = u32::from_str_radix(digits, 16)
            .ok()
            .and_then(char::from_u32)
            .ok_or(error)?;
        self.position += 5;
        Ok(code)
    }
}
