//! RISC-V: the sensor has the machine software interrupt, the timer is the `time` register.

use riscv::interrupt::Interrupt;
use riscv::register::{dcsr, mepc, time};
pub use riscv_rt::entry;
use riscv_rt::{TrapFrame, core_interrupt};

use crate::registers::virt as registers;
use crate::{fault, sensor};

/// The core's timer: anyone may read it.
pub struct Timer;

/// The ticks that `work` takes; nothing if they do not fit.
pub fn ticks(_: &mut Timer, work: impl FnOnce()) -> Option<u32> {
    let before = time::read64();
    work();
    let after = time::read64();
    after.checked_sub(before)?.try_into().ok()
}

/// Interrupts, for the sensor; it has been served when this returns.
pub fn interrupt() {
    registers::set_software_interrupt(true);
    while registers::has_software_interrupt() {}
}

#[core_interrupt(Interrupt::MachineSoft)]
fn software_interrupt() {
    sensor::deliver();
    registers::set_software_interrupt(false);
}

/// Faults, by a register that is there in debug mode only.
pub fn fault() -> ! {
    panic!("not in debug mode, and {} could be read", dcsr::read().bits())
}

// `riscv-rt` asks for this name, and Rust for the keyword; nothing unsafe is done.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn ExceptionHandler(_: &TrapFrame) -> ! {
    fault::at(mepc::read() as u32)
}
