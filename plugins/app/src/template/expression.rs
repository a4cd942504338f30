//! Expressions: how they are written, and what they come to.

use greenroom::config::{ConfigError, RootConfig};

use super::{
    Scope,
    token::{Token, quoted},
    value::Value,
};

/// How deep expressions may nest.
const MOST_DEPTH: usize = 32;

#[derive(Debug)]
pub(super) enum Expression {
    Literal(Value),
    PublicPath,
    Config(Reader, String),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Choice(Box<[Expression; 3]>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Or,
    And,
    Coalesce,
    Same,
    NotSame,
    Plus,
}

/// A method of `config`.
pub(super) type Reader = fn(&RootConfig, &str) -> Result<Value, ConfigError>;

fn reader(name: &str) -> Option<Reader> {
    Some(match name {
        "has" => |config, key| config.has(key).map(Value::Bool),
        "getString" => |config, key| config.string(key).map(Value::Text),
        "getOptionalString" => |config, key| Ok(or_undefined(config.optional_string(key)?, Value::Text)),
        "getNumber" => |config, key| config.number(key).map(Value::Number),
        "getOptionalNumber" => |config, key| Ok(or_undefined(config.optional_number(key)?, Value::Number)),
        "getBoolean" => |config, key| config.boolean(key).map(Value::Bool),
        "getOptionalBoolean" => |config, key| Ok(or_undefined(config.optional_boolean(key)?, Value::Bool)),
        _ => return None,
    })
}

fn or_undefined<T>(value: Option<T>, of: impl Fn(T) -> Value) -> Value {
    value.map_or(Value::Undefined, of)
}

impl Expression {
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, ConfigError> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::PublicPath => Value::Text(scope.public_path.to_owned()),
            Self::Config(read, key) => read(scope.config, key)?,
            Self::Not(operand) => Value::Bool(!operand.evaluate(scope)?.is_truthy()),
            Self::Choice(parts) => {
                let [condition, then, otherwise] = &**parts;
                let chosen = if condition.evaluate(scope)?.is_truthy() { then } else { otherwise };
                chosen.evaluate(scope)?
            }
            Self::Binary(operator, left, right) => {
                let left = left.evaluate(scope)?;
                let is_decided = match operator {
                    Operator::Or => left.is_truthy(),
                    Operator::And => !left.is_truthy(),
                    Operator::Coalesce => !left.is_nullish(),
                    Operator::Same | Operator::NotSame | Operator::Plus => false,
                };
                if is_decided {
                    return Ok(left);
                }
                let right = right.evaluate(scope)?;
                match operator {
                    Operator::Or | Operator::And | Operator::Coalesce => right,
                    Operator::Same => Value::Bool(left == right),
                    Operator::NotSame => Value::Bool(left != right),
                    Operator::Plus => left.plus(&right),
                }
            }
        })
    }
}

/// Reads expressions off a list of words.
pub(super) struct Words<'t> {
    tokens: &'t [Token],
    depth: usize,
}

impl<'t> Words<'t> {
    pub(super) fn new(tokens: &'t [Token]) -> Self {
        Self { tokens, depth: 0 }
    }

    /// One expression that is all there is.
    pub(super) fn only_expression(mut self) -> Result<Expression, String> {
        let expression = self.expression()?;
        match self.tokens.first() {
            None => Ok(expression),
            Some(token) => Err(told(token)),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Goes past a sign if it is the next word.
    pub(super) fn takes(&mut self, sign: &str) -> bool {
        self.takes_if(|token| matches!(token, Token::Sign(is) if *is == sign))
    }

    pub(super) fn takes_name(&mut self, name: &str) -> bool {
        self.takes_if(|token| matches!(token, Token::Name(is) if is == name))
    }

    pub(super) fn expects(&mut self, sign: &'static str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(self.missing(&format!("'{sign}'"))) }
    }

    fn is_next(&self, sign: &str) -> bool {
        matches!(self.tokens.first(), Some(Token::Sign(is)) if *is == sign)
    }

    fn takes_if(&mut self, is_wanted: impl Fn(&Token) -> bool) -> bool {
        match self.tokens.split_first() {
            Some((token, rest)) if is_wanted(token) => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn missing(&self, wanted: &str) -> String {
        match self.tokens.first() {
            Some(token) => format!("{} where {wanted} is expected", told(token)),
            None => format!("an end where {wanted} is expected"),
        }
    }

    pub(super) fn expression(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(format!("more than {MOST_DEPTH} nested expressions"));
        }
        let condition = self.logical()?;
        let expression = if self.takes("?") {
            let then = self.expression()?;
            self.expects(":")?;
            let otherwise = self.expression()?;
            Expression::Choice(Box::new([condition, then, otherwise]))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expression)
    }

    /// `||` and `&&`, or `??`: JavaScript wants brackets between the two kinds.
    fn logical(&mut self) -> Result<Expression, String> {
        const MIXED: &str = "'??' beside '||' or '&&' without brackets";
        let first = self.equality()?;
        if self.is_next("??") {
            let mut whole = first;
            while self.takes("??") {
                whole = Expression::Binary(Operator::Coalesce, Box::new(whole), Box::new(self.equality()?));
            }
            let is_mixed = self.is_next("||") || self.is_next("&&");
            return if is_mixed { Err(MIXED.to_owned()) } else { Ok(whole) };
        }
        let mut whole = self.conjunction(first)?;
        while self.takes("||") {
            let next = self.equality()?;
            let right = self.conjunction(next)?;
            whole = Expression::Binary(Operator::Or, Box::new(whole), Box::new(right));
        }
        if self.is_next("??") { Err(MIXED.to_owned()) } else { Ok(whole) }
    }

    fn conjunction(&mut self, mut whole: Expression) -> Result<Expression, String> {
        while self.takes("&&") {
            whole = Expression::Binary(Operator::And, Box::new(whole), Box::new(self.equality()?));
        }
        Ok(whole)
    }

    fn equality(&mut self) -> Result<Expression, String> {
        self.level(&[("===", Operator::Same), ("!==", Operator::NotSame)], |words| {
            words.level(&[("+", Operator::Plus)], Self::unary)
        })
    }

    /// Operands with operators of one rank between them.
    fn level(
        &mut self,
        operators: &[(&str, Operator)],
        operand: impl Fn(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut whole = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.takes(sign)) {
            whole = Expression::Binary(*operator, Box::new(whole), Box::new(operand(self)?));
        }
        Ok(whole)
    }

    fn unary(&mut self) -> Result<Expression, String> {
        let mut negations = 0;
        while self.takes("!") {
            negations += 1;
        }
        // Twice is a truth value, and so is every even number of times.
        let needed = if negations > 2 { 2 - negations % 2 } else { negations };
        let operand = self.operand()?;
        Ok((0..needed).fold(operand, |operand, _| Expression::Not(Box::new(operand))))
    }

    fn operand(&mut self) -> Result<Expression, String> {
        if self.takes("(") {
            let inner = self.expression()?;
            self.expects(")")?;
            return Ok(inner);
        }
        let missing = self.missing("a value");
        let (token, rest) = self.tokens.split_first().ok_or(missing.clone())?;
        self.tokens = rest;
        Ok(match token {
            Token::Text(text) => Expression::Literal(Value::Text(text.clone())),
            Token::Number(number) => Expression::Literal(Value::Number(*number)),
            Token::Name(name) => match name.as_str() {
                "publicPath" => Expression::PublicPath,
                "config" => self.call()?,
                "true" => Expression::Literal(Value::Bool(true)),
                "false" => Expression::Literal(Value::Bool(false)),
                "null" => Expression::Literal(Value::Null),
                "undefined" => Expression::Literal(Value::Undefined),
                other => return Err(quoted(other)),
            },
            Token::Sign(_) => return Err(missing),
        })
    }

    /// `.getString('app.title')`, behind `config`.
    fn call(&mut self) -> Result<Expression, String> {
        self.expects(".")?;
        let Some((Token::Name(name), rest)) = self.tokens.split_first() else {
            return Err(self.missing("a method"));
        };
        let read = reader(name).ok_or_else(|| format!("'config.{name}'"))?;
        self.tokens = rest;
        self.expects("(")?;
        let Some((Token::Text(key), rest)) = self.tokens.split_first() else {
            return Err(self.missing("a key in quotes"));
        };
        self.tokens = rest;
        self.takes(",");
        self.expects(")")?;
        if let Some(Token::Sign(sign @ ("." | "("))) = self.tokens.first() {
            return Err(format!("'{sign}' behind a value of the config"));
        }
        Ok(Expression::Config(read, key.clone()))
    }
}

fn told(token: &Token) -> String {
    match token {
        Token::Name(name) => quoted(name),
        Token::Text(text) => format!("the text {}", quoted(text)),
        Token::Number(number) => quoted(&number.to_string()),
        Token::Sign(sign) => quoted(sign),
    }
}
