//! A template as it is run. Made by `read`, which has checked every name in it.

use crate::Position;
use crate::fault::Fault;
use crate::value::Value;

use super::{Args, Run};

/// A template or an expression, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) statements: Vec<Statement>,
    /// How many variables it sets; they are numbered.
    pub(crate) variables: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Statement {
    Text(Box<str>),
    Emit(Expression),
    If {
        condition: Expression,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    For(Box<For>),
    Set(Target, Expression),
    With(Vec<(Target, Expression)>, Vec<Statement>),
}

#[derive(Clone, Debug)]
pub(crate) struct For {
    pub(crate) target: Target,
    pub(crate) items: Expression,
    pub(crate) filter: Option<Expression>,
    pub(crate) body: Vec<Statement>,
    pub(crate) otherwise: Vec<Statement>,
    /// The variable `loop`.
    pub(crate) round: usize,
}

/// The variables that are set: one, or as many as a list has items.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    One(usize),
    Many(Vec<usize>),
}

/// What a filter does with a value and its arguments.
pub(crate) type Apply = for<'d> fn(&mut Run<'d>, Value<'d>, Args<'d>) -> Result<Value<'d>, Fault>;

/// A filter, as in `x|upper`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    pub(crate) run: Apply,
    pub(crate) takes_undefined: bool,
}

/// A test, as in `x is defined`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) run: for<'d> fn(&mut Run<'d>, &Value<'d>, &mut Args<'d>) -> Result<bool, Fault>,
}

/// A function that a template may call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) run: for<'d> fn(&mut Run<'d>, &mut Args<'d>) -> Result<Value<'d>, Fault>,
}

/// A node and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) at: Position,
    pub(crate) node: Box<Node>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Constant(Constant),
    /// A name of the context.
    Known(&'static str),
    Variable(usize, Box<str>),
    Attribute(Expression, Box<str>),
    Item(Expression, Expression),
    Slice(Expression, [Option<Expression>; 3]),
    Not(Expression),
    Negate(Expression),
    And(Expression, Expression),
    Or(Expression, Expression),
    Binary(Binary, Expression, Expression),
    /// A chain such as `1 < x <= 3`.
    Compare(Expression, Vec<(Comparison, Expression)>),
    Choose {
        condition: Expression,
        then: Expression,
        otherwise: Option<Expression>,
    },
    Filter(Filter, Expression, Arguments),
    Test(Test, Expression, Arguments),
    Call(Function, Arguments),
    List(Vec<Expression>),
    Map(Vec<(Box<str>, Expression)>),
}

#[derive(Clone, Debug)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Box<str>),
}

/// Those without a name come first.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    pub(crate) values: Vec<(Option<Box<str>>, Expression)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    Join,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}
