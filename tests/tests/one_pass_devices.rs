//! One pass over a stream on devices, and its program on this host.

use anyhow::{Context, Result, ensure};
use tamis::one_pass::{Finding, Label};
use tamis_firmware::one_pass::{self as course, INPUTS, Outcome, Pass, ROWS, Stream};
use tamis_host::machine::Machine;
use tamis_host::{log, tools};

/// What a board says is what the host says, every line; and the inputs that matter are found.
#[test]
fn a_device_finds_what_the_host_finds_bit_for_bit() -> Result<()> {
    let mut expected = Vec::new();
    for stream in Stream::ALL {
        let tell = |sample, digest| expected.push(format!("INFO sample {sample} digest {digest:08x}"));
        let (mut memory, mut rows) = ([0.0; Pass::NUMBERS], [[0.0; INPUTS]; ROWS]);
        let Outcome { digest, findings } = course::run(stream, &mut memory, &mut rows, tell)?;
        expected.push(format!("INFO {stream:?} digest {digest:08x} {findings:?}"));
        let (relevant, label) = match stream {
            Stream::Linear => (3, Label::Marginal),
            Stream::Sine => (2, Label::Marginal),
            Stream::Product => (2, Label::Joint),
        };
        let (found, others) = findings.split_at(relevant);
        assert!(found.iter().all(|&finding| finding == Finding::Relevant(label)), "{stream:?}: {findings:?}");
        assert!(
            !others.iter().any(|finding| matches!(finding, Finding::Relevant(_))),
            "{stream:?}: {findings:?}"
        );
    }
    for machine in Machine::ALL {
        let elf = tools::build_firmware(machine, "one_pass")?;
        let (status, messages) = log::run_to_end(machine, &elf)?;
        ensure!(status.success(), "{machine}: {status}, {messages:?}");
        let (bytes, messages) = messages.split_first().context("an empty log")?;
        println!("{machine}: {bytes}");
        assert_eq!(messages, expected, "{machine}");
    }
    Ok(())
}
