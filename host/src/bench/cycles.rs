//! An estimate of a Cortex-M4F's cycles, from the instructions that were executed: a model, not a measurement.
//!
//! The timings are those of the Cortex-M4 r0p1 Technical Reference Manual (instruction set tables, 3.3.1 and 7.2.2) at
//! zero wait states. Where it gives a range or speaks of pipelining, the model is this:
//!
//! | instruction | cycles |
//! |---|---|
//! | anything after which control goes elsewhere than to the next instruction | 2 more |
//! | load of one register | 2, or 1 right after another load or store of one register that is not its address |
//! | store of one core register | 1 |
//! | `VLDR`, `VSTR` | 1 and 1 a word, or 1 a word right after a load or store of one register |
//! | `LDM`, `STM`, `PUSH`, `POP`, `LDRD`, `STRD`, `VLDM`, `VSTM` | 1, and 1 a word |
//! | `VMLA`, `VFMA` and their kin | 3 |
//! | `VDIV`, `VSQRT` | 14 |
//! | `SDIV`, `UDIV` | 6, of 2 to 12 |
//! | `IT` | 0 after a 16-bit instruction, else 1 |
//! | `VMOV` of two core registers | 2 |
//! | `DSB`, `DMB`, `ISB` | 4 |
//! | all others | 1 |
//! | a result of floating-point arithmetic that the next instruction takes, other than to add to it | 1 more |
//!
//! Not in it: wait states of flash, stalls of the write buffer, contention on the bus, interrupts.

use super::program::Program;
use super::trace::Trace;

/// What the model is called wherever its figures are shown.
pub const MODEL: &str = "Cortex-M4 r0p1 TRM, zero wait states";

/// The estimate for the instructions of `trace`.
pub fn estimate(program: &Program, trace: &Trace) -> u64 {
    let mut cycles = 0;
    let mut before: Option<(u32, Instruction)> = None;
    for (address, site) in trace.sites() {
        let length = program.length(address);
        let second = if length == 4 { program.halfword(address + 2) } else { 0 };
        let instruction = Instruction::decode(program.halfword(address), second, length);
        let adjacent = before.filter(|&(end, _)| end == address).map(|(_, before)| before);
        cycles += site.executed * instruction.cycles(adjacent) + site.jumped * 2;
        before = Some((address + length, instruction));
    }
    cycles
}

/// What an instruction does, as far as its time depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Load,
    Store,
    /// `VLDR`, `VSTR` of so many words.
    Single(u64),
    /// Any transfer of several registers: so many words.
    Several(u64),
    /// Floating-point arithmetic, of so many cycles.
    Arithmetic(u64),
    If,
    /// Whatever takes so many cycles.
    Other(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Instruction {
    kind: Kind,
    is_short: bool,
    /// The registers that it takes early, and those that it gives: floating-point ones in the low half, core ones in
    /// the high half. Only those of loads, stores and floating-point instructions are told.
    takes: u64,
    gives: u64,
}

/// The flags of a floating-point comparison.
const FLAGS: u64 = 1 << 63;

/// A core register.
fn core(number: u16) -> u64 {
    1 << (32 + (number & 15))
}

/// A single-precision register, from its four bits and the one that stands apart.
fn single(four: u16, one: u16) -> u64 {
    1 << ((four & 15) << 1 | one & 1)
}

impl Instruction {
    fn of(kind: Kind) -> Self {
        Self { kind, is_short: false, takes: 0, gives: 0 }
    }

    fn decode(first: u16, second: u16, length: u32) -> Self {
        if length == 2 { Self { is_short: true, ..Self::short(first) } } else { Self::long(first, second) }
    }

    /// An instruction of 16 bits.
    fn short(code: u16) -> Self {
        let (low, base, index) = (core(code & 7), core(code >> 3 & 7), core(code >> 6 & 7));
        let load = |gives, takes| Self { gives, takes, ..Self::of(Kind::Load) };
        let is_load = code & 0x0800 != 0;
        match code >> 12 {
            0x4 if is_load => load(core(code >> 8 & 7), 0), // from the literal pool
            0x5 if code & 0x0e00 >= 0x0600 => load(low, base | index),
            0x6..=0x8 if is_load => load(low, base),
            0x9 if is_load => load(core(code >> 8 & 7), core(13)),
            0x5..=0x9 => Self::of(Kind::Store),
            0xb if code & 0x0600 == 0x0400 => Self::of(Kind::Several((code & 0x01ff).count_ones().into())),
            0xb if code & 0x0f00 == 0x0f00 && code & 15 != 0 => Self::of(Kind::If),
            0xc => Self::of(Kind::Several((code & 0xff).count_ones().into())),
            _ => Self::of(Kind::Other(1)),
        }
    }

    /// An instruction of 32 bits.
    fn long(first: u16, second: u16) -> Self {
        let is_float = second & 0x0e00 == 0x0a00;
        match first {
            0xe800..0xea00 if first & 0x0040 == 0 => Self::of(Kind::Several(second.count_ones().into())),
            0xe800..0xea00 if first & 0x0120 != 0 => Self::of(Kind::Several(2)),
            0xec00..0xee00 if is_float => Self::float_memory(first, second),
            0xee00..0xef00 if is_float => Self::float(first, second),
            0xf3bf if second & 0xff00 == 0x8f00 => Self::of(Kind::Other(4)), // barriers
            0xf800..0xfa00 => Self::memory(first, second),
            0xfb90..0xfba0 | 0xfbb0..0xfbc0 if second & 0xf0f0 == 0xf0f0 => Self::of(Kind::Other(6)),
            _ => Self::of(Kind::Other(1)),
        }
    }

    /// A load or store of one core register.
    fn memory(first: u16, second: u16) -> Self {
        let (base, is_indexed) = (core(first), first & 0x0080 == 0 && first & 15 != 15);
        let is_by_register = is_indexed && second & 0x0800 == 0;
        let writes_back = is_indexed && second & 0x0900 == 0x0900;
        let back = if writes_back { base } else { 0 };
        if first & 0x0010 == 0 {
            return Self { gives: back, ..Self::of(Kind::Store) };
        }
        if second >> 12 == 15 && first & 0x0060 != 0x0040 {
            return Self::of(Kind::Other(1)); // a hint to the cache
        }
        let takes = base | if is_by_register { core(second) } else { 0 };
        Self { takes, gives: core(second >> 12) | back, ..Self::of(Kind::Load) }
    }

    /// A load, store or move of floating-point registers.
    fn float_memory(first: u16, second: u16) -> Self {
        let is_double = second & 0x0100 != 0;
        if first & 0xffe0 == 0xec40 {
            let pair = if is_double {
                3 << ((second & 15) << 1)
            } else {
                single(second, second >> 5) | single(second, second >> 5) << 1
            };
            return Self { takes: pair, ..Self::of(Kind::Other(2)) };
        }
        if first & 0x0120 != 0x0100 {
            return Self::of(Kind::Several(u64::from(second & 0xfe | second & u16::from(!is_double))));
        }
        let (words, data) =
            if is_double { (2, 3 << (second >> 12 << 1)) } else { (1, single(second >> 12, first >> 6)) };
        let is_load = first & 0x0010 != 0;
        let (takes, gives) = if is_load { (0, data) } else { (data, 0) };
        Self { takes, gives, ..Self::of(Kind::Single(words)) }
    }

    /// Floating-point arithmetic, and moves between registers.
    fn float(first: u16, second: u16) -> Self {
        let d = single(second >> 12, first >> 6);
        let n = single(first, second >> 7);
        let m = single(second, second >> 5);
        let arithmetic = |cycles, takes, gives| Self { takes, gives, ..Self::of(Kind::Arithmetic(cycles)) };
        if second & 0x0010 != 0 {
            // To or from a core register.
            let takes = match first & 0x00f0 {
                0x10 => n,
                0xf0 => FLAGS,
                _ => 0,
            };
            return Self { takes, ..Self::of(Kind::Other(1)) };
        }
        match first & 0x00b0 {
            0x20 | 0x30 => arithmetic(1, n | m, d),
            0x80 => arithmetic(14, n | m, d),
            0xb0 if second & 0x0040 == 0 => Self::of(Kind::Other(1)), // a constant
            0xb0 => match (first & 15, second & 0x0080 != 0) {
                (0, false) => Self { takes: m, ..Self::of(Kind::Other(1)) }, // a copy
                (1, true) => arithmetic(14, m, d),
                (4, _) => arithmetic(1, d | m, FLAGS),
                (5, _) => arithmetic(1, d, FLAGS),
                (10 | 11 | 14 | 15, _) => arithmetic(1, d, d),
                _ => arithmetic(1, m, d),
            },
            // What it adds to is taken late.
            _ => arithmetic(3, n | m, d),
        }
    }

    /// The cycles of one execution; `before` is the instruction before it in memory.
    fn cycles(self, before: Option<Self>) -> u64 {
        let is = |wanted: fn(Kind) -> bool| before.is_some_and(|before| wanted(before.kind));
        let given = before.map_or(0, |before| before.gives);
        let is_pipelined = is(|kind| matches!(kind, Kind::Load | Kind::Store | Kind::Single(_)));
        let waits = is(|kind| matches!(kind, Kind::Arithmetic(_))) && given & self.takes != 0;
        u64::from(waits)
            + match self.kind {
                Kind::Load if is_pipelined && given & self.takes == 0 => 1,
                Kind::Load => 2,
                Kind::Store => 1,
                Kind::Single(words) if is_pipelined => words,
                Kind::Single(words) | Kind::Several(words) => 1 + words,
                Kind::If => u64::from(!before.is_some_and(|before| before.is_short)),
                Kind::Arithmetic(cycles) | Kind::Other(cycles) => cycles,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cycles of the last of these instructions, right after the others.
    fn last(codes: &[u32]) -> u64 {
        let decode = |&code: &u32| match code {
            0..0x1_0000 => Instruction::decode(code as u16, 0, 2),
            _ => Instruction::decode((code >> 16) as u16, code as u16, 4),
        };
        let instructions: Vec<_> = codes.iter().map(decode).collect();
        let (last, before) = instructions.split_last().expect("an instruction");
        last.cycles(before.last().copied())
    }

    #[test]
    fn instructions_take_what_the_table_says() {
        const LDR: u32 = 0x6808; // ldr r0, [r1]
        const VLDR: u32 = 0xed90_0a00; // vldr s0, [r0]
        const VMUL: u32 = 0xee20_0a20; // vmul.f32 s0, s0, s1
        for (codes, cycles) in [
            (&[0x1840][..], 1),               // adds r0, r0, r1
            (&[LDR], 2),                      // alone
            (&[LDR, 0x684b], 1),              // ldr r3, [r1, #4]
            (&[LDR, 0x6803], 2),              // ldr r3, [r0]: its address has just been loaded
            (&[0xf851_0b04, 0x680b], 2),      // ldr r0, [r1], #4; ldr r3, [r1]
            (&[0x6008], 1),                   // str r0, [r1]
            (&[VLDR], 2),                     // alone
            (&[LDR, VLDR], 1),                // after another
            (&[0xed90_0b00], 3),              // vldr d0, [r0]
            (&[0xb5f0], 6),                   // push {r4-r7, lr}
            (&[0xe92d_0f00], 5),              // push {r8-r11}
            (&[0xed2d_8b10], 17),             // vpush {d8-d15}
            (&[0xe9d0_0100], 3),              // ldrd r0, r1, [r0]
            (&[VMUL], 1),                     // alone
            (&[VMUL, VMUL], 2),               // takes the result
            (&[VMUL, 0xee20_1ac1], 1),        // vnmul.f32 s2, s1, s2: does not
            (&[0xee41_0a01], 3),              // vmla.f32 s1, s2, s2
            (&[VMUL, 0xee01_0a21], 3),        // vmla.f32 s0, s2, s3: adds to the result
            (&[0xee80_0a20], 14),             // vdiv.f32 s0, s0, s1
            (&[0xeeb1_0ac0], 14),             // vsqrt.f32 s0, s0
            (&[0xfb90_f0f1], 6),              // sdiv r0, r0, r1
            (&[0x1840, 0xbf08], 0),           // it eq, after a short one
            (&[VMUL, 0xbf08], 1),             // it eq, after a long one
            (&[0xbf00], 1),                   // nop
            (&[0xec51_0b10], 2),              // vmov r0, r1, d0
            (&[0xf3bf_8f4f], 4),              // dsb
            (&[0xeeb4_0a60, 0xeef1_fa10], 2), // vcmp.f32 s0, s1; vmrs
        ] {
            assert_eq!(last(codes), cycles, "{codes:x?}");
        }
    }
}
