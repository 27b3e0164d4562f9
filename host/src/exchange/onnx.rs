//! Networks as ONNX, opset 13: raw numbers go in, raw numbers come out.
//!
//! ```text
//! x -> Max -> Min -> Sub -> Div -> Gemm -> activation -> ... -> Gemm -> Mul -> Add -> y
//!      least  most   mean   deviation                                   deviation  mean
//! ```
//!
//! Scaling that changes nothing is left out. What comes in must be such a chain; a layer may also be MatMul and Add, as
//! Keras has it.

mod messages;
mod read;
mod write;

pub use read::read;
pub use write::write;
