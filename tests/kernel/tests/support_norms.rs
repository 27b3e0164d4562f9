//! Column norms, against f64; and verdicts and contrasts, on norms made by hand whose answer is plain.

use tamis::Verdict::{Irrelevant, Relevant, Undecided};
use tamis::support::CHECKS;
use tamis::verdict::is_exact;
use tamis::{Contrast, Norms, NotFinite, Rule, RuleError, Shape, Verdict};
use tamis_test_kit::bench::Bench;
use tamis_test_kit::{net, numbers};

type Net = net!(type 7 5 Tanh Bias, 5 2 Identity Bias);

/// The norm of the weights of each input, in f64: input i has 5 weights from place 5 i on.
fn exact(params: &[f32]) -> Vec<f64> {
    let norm = |i: usize| params[5 * i..5 * i + 5].iter().map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt();
    (0..7).map(norm).collect()
}

fn assert_near(norms: &[f32], exact: &[f64]) {
    for (&norm, exact) in norms.iter().zip(exact) {
        assert!((f64::from(norm) / exact - 1.0).abs() < 1e-6, "{norm} {exact}");
    }
}

#[test]
fn column_norms_are_those_of_the_first_layer() {
    for seed in 0..20 {
        let mut bench = Bench::<Net>::of_numbers(seed);
        let norms = bench.model().column_norms();
        assert_near(&norms, &exact(&bench.params));
    }
}

#[test]
fn a_reported_norm_is_the_mean_over_the_last_checks() {
    assert_eq!(CHECKS, 8, "as the contract states");
    let mut ring = [f32::NAN; CHECKS * 7];
    let mut norms = Norms::new(&mut ring, 7).unwrap();
    let mut mean_norms = [f32::NAN; 7];
    assert!(!norms.mean(&mut mean_norms), "nothing before the first check");
    let mut seen: Vec<Vec<f64>> = Vec::new();
    for check in 0..20 {
        let params = numbers(check, Net::PARAMS);
        norms.check(&Net::default(), &params).unwrap();
        seen.push(exact(&params));
        let last = &seen[seen.len().saturating_sub(8)..];
        let mean = |i: usize| last.iter().map(|norms| norms[i]).sum::<f64>() / last.len() as f64;
        assert!(norms.mean(&mut mean_norms));
        assert_near(&mean_norms, &(0..7).map(mean).collect::<Vec<_>>());
    }
}

fn judged(rule: Rule, norms: &[f32], verdicts: usize) -> Vec<Verdict> {
    let mut judged = vec![Undecided; verdicts];
    rule.judge(norms, &mut judged);
    judged
}

#[test]
fn probes_divide_relevant_from_irrelevant() {
    let rule = Rule::Probes { count: 2, factor: 3.0 };
    let cases: [(&[f32], &[Verdict]); 7] = [
        (&[3.5, 2.0, 0.5, 0.75, 1.0], &[Relevant, Undecided, Irrelevant]),
        // At a bound nothing is decided.
        (&[3.0, 1.0, 1.5, 1.0, 0.25], &[Undecided, Undecided, Undecided]),
        (&[1.0, 1.0, 1.0, 1.0], &[Undecided, Undecided]),
        (&[0.0, 0.0, 0.0, 0.0], &[Undecided, Undecided]),
        (&[0.0, 2.0, 0.0, 0.0], &[Undecided, Relevant]),
        (&[0.0, 2.0, 0.0, 1.0], &[Irrelevant, Undecided]),
        (&[f32::NAN, 9.0, 0.5, 1.0, 1.0], &[Undecided, Relevant, Irrelevant]),
    ];
    for (norms, verdicts) in cases {
        assert_eq!(judged(rule, norms, norms.len() - 2), verdicts, "{norms:?}");
    }
}

#[test]
fn without_usable_probes_nothing_is_decided() {
    let norms = [0.1, 5.0, f32::INFINITY];
    for (count, probes) in [(0, [0.0; 2].as_slice()), (2, &[f32::NAN; 2]), (2, &[0.5, f32::INFINITY])] {
        let norms = [&norms, &probes[..count]].concat();
        let rule = Rule::Probes { count: count as u16, factor: 3.0 };
        assert_eq!(judged(rule, &norms, 3), [Undecided; 3], "{norms:?}");
    }
}

#[test]
fn a_rule_that_makes_no_sense_is_refused() {
    let probes = |count, factor| Rule::Probes { count, factor }.check(10);
    assert_eq!(probes(9, 1.0), Ok(()));
    assert_eq!(probes(0, 3.0), Err(RuleError::Probes));
    assert_eq!(probes(10, 3.0), Err(RuleError::Probes));
    for factor in [f32::NAN, f32::INFINITY, 0.5, -3.0] {
        assert_eq!(probes(2, factor), Err(RuleError::Factor));
        assert_eq!(Rule::Gap { least: factor }.check(10), Err(RuleError::Factor));
    }
}

/// ReLU and tanh can hide an infinite parameter from the loss; the check of norms does not.
#[test]
fn an_infinite_parameter_is_found_by_the_check_of_norms() {
    let mut params = [0.5; Net::PARAMS];
    for index in 0..Net::PARAMS {
        for bad in [f32::NEG_INFINITY, f32::NAN] {
            params[index] = bad;
            let mut ring = [0.0; CHECKS * 7];
            let mut norms = Norms::new(&mut ring, 7).unwrap();
            assert_eq!(norms.check(&Net::default(), &params), Err(NotFinite(index)));
            assert!(!norms.mean(&mut [0.0; 7]), "such a check does not count");
        }
        params[index] = 0.5;
    }
}

#[test]
fn the_order_of_the_probes_does_not_matter() {
    let norms = |a, b, c| [4.0, 2.0, 0.5, a, b, c];
    let rule = Rule::Probes { count: 3, factor: 3.0 };
    for probes in [norms(1.0, 0.2, 0.1), norms(0.2, 1.0, 0.1), norms(0.1, 0.2, 1.0)] {
        assert_eq!(judged(rule, &probes, 3), [Relevant, Undecided, Irrelevant]);
    }
}

#[test]
fn the_widest_gap_divides_if_it_is_wide_enough() {
    let rule = Rule::Gap { least: 3.0 };
    let cases: [(&[f32], &[Verdict]); 14] = [
        (&[8.0, 1.0, 9.0, 2.0], &[Relevant, Irrelevant, Relevant, Irrelevant]),
        // Exactly the least ratio decides; anything less does not.
        (&[3.0, 1.0], &[Relevant, Irrelevant]),
        (&[2.75, 1.0], &[Undecided, Undecided]),
        // The ratio counts, not the difference.
        (&[100.0, 40.0, 1.0, 0.5], &[Relevant, Relevant, Irrelevant, Irrelevant]),
        // Ties stand on one side.
        (&[6.0, 6.0, 1.0, 1.0, 1.0], &[Relevant, Relevant, Irrelevant, Irrelevant, Irrelevant]),
        (&[1.0, 1.0, 1.0], &[Undecided, Undecided, Undecided]),
        (&[0.0, 0.0], &[Undecided, Undecided]),
        // Above zero the ratio is infinite.
        (&[0.0, 1.0, 100.0], &[Irrelevant, Relevant, Relevant]),
        (&[100.0, 1.0, 0.0], &[Relevant, Relevant, Irrelevant]),
        (&[f32::NAN, 8.0, 1.0], &[Undecided, Relevant, Irrelevant]),
        (&[5.0], &[Undecided]),
        // However small.
        (&[1e-30, 1e-25, 1e-24], &[Irrelevant, Relevant, Relevant]),
        (&[1e-24, 1e-25, 1e-30], &[Relevant, Relevant, Irrelevant]),
        (&[f32::INFINITY, 8.0, 1.0], &[Undecided, Relevant, Irrelevant]),
    ];
    for (norms, verdicts) in cases {
        assert_eq!(judged(rule, norms, norms.len()), verdicts, "{norms:?}");
    }
    // Of equally wide gaps the upper one.
    let rule = Rule::Gap { least: 2.0 };
    assert_eq!(judged(rule, &[8.0, 4.0, 2.0, 1.0], 4), [Relevant, Irrelevant, Irrelevant, Irrelevant]);
    assert_eq!(judged(rule, &[1.0, 2.0, 4.0, 8.0], 4), [Irrelevant, Irrelevant, Irrelevant, Relevant]);
    assert!(judged(rule, &[], 0).is_empty());
    assert_eq!(judged(rule, &[f32::NAN; 3], 3), [Undecided; 3]);
}

/// All that are relevant and no others; undecided counts as not found.
#[test]
fn exact_is_what_finds_the_relevant_and_nothing_else() {
    assert!(is_exact(&[Relevant, Relevant, Irrelevant, Undecided], 2));
    for verdicts in [
        [Relevant, Irrelevant, Irrelevant, Irrelevant],
        [Relevant, Undecided, Irrelevant, Irrelevant],
        [Relevant, Relevant, Relevant, Irrelevant],
        [Relevant, Relevant, Irrelevant, Relevant],
    ] {
        assert!(!is_exact(&verdicts, 2), "{verdicts:?}");
    }
    assert!(is_exact(&[Irrelevant, Undecided], 0));
}

#[test]
fn a_contrast_tells_how_far_the_two_kinds_are_apart() {
    let contrast = Contrast::of(&[4.0, 3.0, 0.5, 1.5, 0.5, 0.5], 2);
    assert_eq!(contrast.relevant_norm, 5.0);
    assert_eq!(contrast.irrelevant_norm, 3.0_f32.sqrt());
    assert_eq!(contrast.gap, 2.0);
    let ratio = (3.0 / 4.0_f64).sqrt() / (25.0 / 2.0_f64).sqrt();
    assert!((f64::from(contrast.ratio) / ratio - 1.0).abs() < 1e-6);
}

#[test]
fn without_both_kinds_ratio_and_gap_are_not_a_number() {
    for relevant in [0, 3] {
        let contrast = Contrast::of(&[2.0, 1.0, 2.0], relevant);
        assert!(contrast.ratio.is_nan() && contrast.gap.is_nan());
        assert_eq!(contrast.relevant_norm + contrast.irrelevant_norm, 3.0);
    }
}
