//! What may go wrong with a device or a host, what is lost then, and that each defence is needed: without it, its test
//! fails.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tamis_host::tools;

/// A fault, and the defence against it.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// What goes wrong.
    pub what: &'static str,
    /// Defences of one round are taken away together, so that it is built once: no test of a round meets another of its
    /// faults.
    pub round: u8,
    /// What happens then.
    pub then: &'static str,
    /// What is lost.
    pub lost: &'static str,
    /// The file with the defence.
    pub file: &'static str,
    /// The defence, and what stands there without it.
    pub removal: [&'static str; 2],
    /// The test that fails without it: the file in `tests/kernel/tests` or `tests/tests`, or else a module of the host, and its
    /// name.
    pub test: [&'static str; 2],
}

/// Where the host's modules are, with their own tests.
const MODULES: &str = "host/src";

/// How many rounds there are.
pub const ROUNDS: u8 = 3;

/// All of them.
pub const FAULTS: [Fault; 20] = [
    Fault {
        what: "a sample is not a number",
        round: 1,
        then: "it is refused, its index named, and counted; the batch goes on without it",
        lost: "the sample",
        file: "kernel/src/model.rs",
        removal: ["x.iter().position(|x| !x.is_finite())", "x.iter().position(|_| false)"],
        test: ["batches", "a_rejected_sample_leaves_no_trace_in_the_mean"],
    },
    Fault {
        what: "a training diverges",
        round: 2,
        then: "the step is refused, the parameters are those before it",
        lost: "nothing; the next samples are refused too",
        file: "kernel/src/model.rs",
        removal: ["if loss.is_finite() { Ok(loss) } else { Err(StepError::Loss) }", "Ok(loss)"],
        test: ["lanes", "a_lane_that_diverges_leaves_the_others_alone"],
    },
    Fault {
        what: "a parameter is no longer a number",
        round: 1,
        then: "the check after every 100 updates names it, on a device also the first batch that is refused as a whole; the training ends",
        lost: "the updates since the last checkpoint",
        file: "kernel/src/support.rs",
        removal: ["params.iter().position(|param| !param.is_finite())", "params.iter().position(|_| false)"],
        test: ["support_norms", "an_infinite_parameter_is_found_by_the_check_of_norms"],
    },
    Fault {
        what: "a bit flips in the parameters",
        round: 1,
        then: "the next digest differs from that of the host's twin, which names the update",
        lost: "the updates since the last checkpoint",
        file: "host/src/device/twin.rs",
        removal: ["            own == digest,\n", "            own == digest || updates > 0,\n"],
        test: ["link", "a_replay_finds_the_wrong_bit"],
    },
    Fault {
        what: "a sensor is stuck",
        round: 1,
        then: "its channel does not vary: it is named, and carries zeros",
        lost: "the channel",
        file: "kernel/src/standardise.rs",
        removal: ["deviation > 0.0 && deviation.is_finite()", "deviation.is_finite()"],
        test: ["standardise", "a_constant_column_is_reported_and_gives_zero"],
    },
    Fault {
        what: "a sensor is gone",
        round: 2,
        then: "after a thousand samples without anything new the stream ends, and says so",
        lost: "the samples meanwhile",
        file: "firmware/src/sensors/source.rs",
        removal: ["const PATIENCE: u32 = 1_000;", "const PATIENCE: u32 = 100_000;"],
        test: ["sensors", "a_sensor_that_is_gone_ends_the_stream"],
    },
    Fault {
        what: "a training is too slow for its sensor",
        round: 3,
        then: "what finds the queue full is counted, and told with every answer",
        lost: "those samples",
        file: "firmware/src/sensor.rs",
        removal: ["                self.overruns += 1;\n", ""],
        test: ["firmware", "overruns_are_counted"],
    },
    Fault {
        what: "the power goes while a checkpoint is saved",
        round: 2,
        then: "the one before is in another slot, and whole",
        lost: "the updates since that one",
        file: "kernel/src/checkpoint.rs",
        removal: ["newest.slot.wrapping_add(1));\n        let slot", "newest.slot);\n        let slot"],
        test: ["checkpoint", "power_may_be_lost_at_any_operation"],
    },
    Fault {
        what: "a bit flips in flash memory",
        round: 1,
        then: "the checksum is wrong, and the other checkpoint is taken",
        lost: "the updates between the two",
        file: "kernel/src/checkpoint.rs",
        removal: ["(sealed(running, &header) == word(crc)).then_some(found)", "Some(found)"],
        test: ["checkpoint", "any_flipped_bit_is_noticed"],
    },
    Fault {
        what: "the checkpoint is one of another training",
        round: 3,
        then: "it is refused, and the training begins as it was configured",
        lost: "nothing",
        file: "kernel/src/checkpoint.rs",
        removal: [
            "            if read != part {\n                return Err(CheckpointError::Other);\n            }\n",
            "",
        ],
        test: ["checkpoint", "another_training_is_refused_and_nothing_is_changed"],
    },
    Fault {
        what: "a brown-out resets the device",
        round: 2,
        then: "it goes on from its newest checkpoint, whether a host is there or not",
        lost: "the updates since the checkpoint",
        file: "kernel/src/resident.rs",
        removal: ["let mut next = Next::Kept;", "let mut next = Next::Idle;"],
        test: ["standalone", "a_selection_goes_on_from_its_checkpoint_by_itself"],
    },
    Fault {
        what: "the program hangs",
        round: 3,
        then: "nobody feeds the watchdog, which starts it again",
        lost: "the updates since the last checkpoint",
        file: "firmware/src/board/mps.rs",
        removal: ["    registers::start_watchdog();\n", ""],
        test: ["standalone", "a_watchdog_ends_a_training_that_hangs"],
    },
    Fault {
        what: "the line damages a frame",
        round: 1,
        then: "its checksum is wrong; it is asked again",
        lost: "nothing",
        file: "kernel/src/frame.rs",
        removal: [
            "if CRC.checksum(message) != u32::from_le_bytes(*check) {",
            "if CRC.checksum(message) != u32::from_le_bytes(*check) && frame.is_empty() {",
        ],
        test: ["wire", "a_wrong_bit_is_found"],
    },
    Fault {
        what: "a frame is replayed, or comes late",
        round: 2,
        then: "its number is old, and it is passed over",
        lost: "nothing",
        file: "kernel/src/link.rs",
        removal: [
            "} else if number < self.number {",
            "} else if number < self.number && message == Request::Exit {",
        ],
        test: ["wire", "a_device_knows_what_is_old"],
    },
    Fault {
        what: "somebody sends without end",
        round: 3,
        then: "a byte costs what it costs, the memory of one frame is all there is; what is too long is refused as a whole",
        lost: "the frame",
        file: "kernel/src/frame.rs",
        removal: ["self.is_too_long |= self.frame.push(byte).is_err();", "let _ = self.frame.push(byte);"],
        test: ["wire", "what_is_too_long_is_refused_although_its_beginning_is_whole"],
    },
    Fault {
        what: "the host goes, and another comes",
        round: 3,
        then: "the device does not know its session, and says so; the new host says hello and goes on",
        lost: "nothing",
        file: "kernel/src/link.rs",
        removal: ["} else if self.session != Some(session) {", "} else if self.session == Some(!session) {"],
        test: ["wire", "a_device_knows_what_is_old"],
    },
    Fault {
        what: "the float unit flushes subnormals, or rounds otherwise",
        round: 2,
        then: "the network is not initialised; the error says which",
        lost: "nothing",
        file: "kernel/src/model.rs",
        removal: ["        environment::check().map_err(InitError::FloatEnvironment)?;\n", ""],
        test: ["float_environment", "every_wrong_setting_is_reported_and_nothing_is_written"],
    },
    Fault {
        what: "a compiler or a core computes otherwise",
        round: 3,
        then: "the self-check of the program ends it before any data are touched",
        lost: "nothing",
        file: "firmware/src/self_check.rs",
        removal: ["if found == Some(expected) {", "if found.is_some() {"],
        test: ["firmware", "the_self_check_finds_one_wrong_bit"],
    },
    Fault {
        what: "the disk is full, or a file cannot be written",
        round: 1,
        then: "all files of an export stay as they were",
        lost: "nothing",
        file: "host/src/whole.rs",
        removal: [
            "fs::write(unfinished(path), bytes)",
            "fs::write(path, bytes).and_then(|()| fs::write(unfinished(path), bytes))",
        ],
        test: ["whole", "all_files_or_none"],
    },
    Fault {
        what: "a sweep is killed",
        round: 1,
        then: "the same command goes on behind its last whole row, to the same file",
        lost: "the rows that were under way",
        file: "host/src/sweep/table.rs",
        removal: ["        file.set_len(whole.bytes as u64)?;\n", ""],
        test: ["sweep", "a_stopped_sweep_goes_on_to_the_same_file"],
    },
];

impl Fault {
    /// Whether the defence stands where it is said to stand, once.
    pub fn check(&self) -> Result<()> {
        ensure!((1..=ROUNDS).contains(&self.round), "{}: there is no round {}", self.what, self.round);
        let text = fs::read_to_string(tools::workspace().join(self.file))?;
        let [defence, _] = self.removal;
        let times = text.matches(defence).count();
        ensure!(!defence.is_empty() && times == 1, "{}: {defence:?} stands there {times} times", self.file);
        let (file, _) = self.place();
        let tests = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let name = format!("fn {}(", self.test[1]);
        ensure!(tests.contains(&name), "{} has no {name}", file.display());
        Ok(())
    }

    /// The file with the test, and its package.
    fn place(&self) -> (PathBuf, &'static str) {
        let name = format!("{}.rs", self.test[0]);
        let places = [
            ("tests/kernel/tests", "tamis-kernel-tests"),
            ("tests/tests", "tamis-tests"),
            (MODULES, "tamis-host"),
        ];
        let places = places.map(|(folder, package)| (tools::workspace().join(folder).join(&name), package));
        let [.., module] = &places;
        places.iter().find(|(file, _)| file.exists()).unwrap_or(module).clone()
    }

    /// Takes the defence away in `tree`, a copy of this repository.
    pub fn remove_in(&self, tree: &Path) -> Result<()> {
        let path = tree.join(self.file);
        let text = fs::read_to_string(&path)?;
        let [defence, without] = self.removal;
        Ok(fs::write(&path, text.replacen(defence, without, 1))?)
    }

    /// Runs the test in `tree`, where the defence is not; it has to fail.
    pub fn outcome_in(&self, tree: &Path) -> Result<()> {
        let [target, name] = self.test;
        let mut cargo = Command::new("cargo");
        cargo
            .args(["test", "--profile", "quick"])
            .current_dir(tree)
            .env("CARGO_TARGET_DIR", tools::workspace().join("target/faults"));
        let (file, package) = self.place();
        cargo.args(["--package", package]);
        if file.starts_with(tools::workspace().join(MODULES)) {
            cargo.args(["--lib", "--", "--exact", &format!("{target}::tests::{name}")]);
        } else {
            cargo.args(["--test", target, "--", "--exact", name]);
        }
        let output = cargo.output().context("cargo does not run")?;
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains("test result: FAILED. 0 passed; 1 failed") {
            return Ok(());
        }
        ensure!(!said.contains("test result: ok. 1 passed"), "{name} passes without {:?}", self.removal[0]);
        bail!(
            "{name} does not run without {:?}:\n{}",
            self.removal[0],
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// A copy of this repository's files, those that git knows.
pub fn copy() -> Result<PathBuf> {
    let workspace = tools::workspace();
    let tree = workspace.join("target/faults/tree");
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(tools::workspace()).output();
    let listed = listed.context("git does not run")?;
    ensure!(listed.status.success(), "git does not list the files");
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (workspace.join(name), tree.join(name));
        fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
        let bytes = fs::read(&from).with_context(|| from.display().to_string())?;
        // What has not changed is not built again.
        if fs::read(&to).ok().as_ref() != Some(&bytes) {
            fs::write(&to, bytes)?;
        }
    }
    Ok(tree)
}

/// The table for the docs.
pub fn table() -> Result<String> {
    let mut text =
        "| what goes wrong | what happens | what is lost | the test |\n|---|---|---|---|\n".to_owned();
    for Fault { what, then, lost, test: [file, name], .. } in FAULTS {
        writeln!(text, "| {what} | {then} | {lost} | `{name}` in `{file}` |")?;
    }
    Ok(text)
}
