//! JSON as `JSON.stringify` writes it: its numbers are JavaScript's (`100`, `1e+21`, `0` for `-0`).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{CompactFormatter, Formatter, PrettyFormatter},
};

/// JSON as Express writes it: compact, or indented in development.
pub(crate) fn json_text<T: Serialize + ?Sized>(value: &T, development: bool) -> serde_json::Result<String> {
    match development {
        true => text(value, PrettyFormatter::new()),
        false => text(value, CompactFormatter),
    }
}

fn text<T: Serialize + ?Sized>(value: &T, formatter: impl Formatter) -> serde_json::Result<String> {
    let mut bytes = Vec::with_capacity(128);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Numbers(formatter)))?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

struct Numbers<F>(F);

macro_rules! as_inside {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Numbers<F> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(ryu_js::Buffer::new().format(value).as_bytes())
    }

    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, value.into())
    }

    as_inside! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }
}

#[cfg(test)]
mod tests {
    use super::json_text;

    #[test]
    fn numbers_are_javascripts() {
        for (read, written) in [
            ("[1e2,-0.0,1.50,1e21,1e-7,1e16,5e-324]", "[100,0,1.5,1e+21,1e-7,10000000000000000,5e-324]"),
            ("{\"a\":{},\"b\":[],\"c\":-7}", "{\"a\":{},\"b\":[],\"c\":-7}"),
        ] {
            let value: serde_json::Value = serde_json::from_str(read).unwrap();
            assert_eq!(json_text(&value, false).unwrap(), written);
        }
        let value = serde_json::json!({"a": [1.0, {}], "b": []});
        assert_eq!(json_text(&value, true).unwrap(), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
    }
}
