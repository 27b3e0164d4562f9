//! What a device is at, and how a line asks for it: a training ([`crate::course`]) or a selection of inputs
//! ([`crate::selecting`]).

use crate::course::Reason;
use crate::resident::{Line, Next, Surroundings, refuse, say_hello};
use crate::wire::{Hello, Job, Request};

/// Work that has begun.
pub trait Work {
    /// What else there is around the device.
    type Surroundings: Surroundings;

    /// Goes on by itself, for one update or sample; `false` where there is nothing to do unless it is asked for.
    fn go_on(&mut self) -> Result<bool, Reason>;

    /// Does what the line asks for, and answers.
    fn carry_out(&mut self, line: &mut impl Line) -> Result<(), Reason>;

    /// Says how far it is.
    fn tell_progress(&mut self, line: &mut impl Line);

    /// What else there is around the device.
    fn surroundings(&mut self) -> &mut Self::Surroundings;
}

/// Serves requests until one asks for something else; between two of them the work goes on, if it does so by itself.
pub fn serve(work: &mut impl Work, line: &mut impl Line, hello: &Hello, job: &Job) -> Next {
    // Why it does not go on, which nobody has asked for yet.
    let mut failure = None;
    loop {
        let mut goes_on = failure.is_none();
        while goes_on && !line.poll() {
            goes_on = match work.go_on() {
                Ok(goes_on) => goes_on,
                Err(reason) => {
                    failure = Some(reason);
                    false
                }
            };
        }
        if !goes_on && !line.receive() {
            return Next::Exit;
        }
        let done = match line.request() {
            Request::Configure(other) if !other.is(job) => return Next::Requested,
            Request::Forget => return Next::Forget,
            Request::Exit => return Next::Exit,
            Request::Hello => {
                say_hello(line, hello);
                Ok(())
            }
            _ => failure.take().map_or_else(|| work.carry_out(line), Err),
        };
        if let Err(reason) = done {
            refuse(line, work.surroundings(), &reason);
            if reason.ends_the_work() {
                return Next::Idle; // what it was at the last checkpoint is there
            }
        }
    }
}
