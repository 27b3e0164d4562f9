#![allow(missing_docs)]
use tamis::Seed;
use tamis_host::select::{design::Design, ensemble::*, families::FAMILIES, judge::*, marginal};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[1].parse().unwrap();
    let draws: u64 = a[2].parse().unwrap();
    let eta: f32 = a[3].parse().unwrap();
    let only = a.get(4).cloned().unwrap_or_default();
    let (mut sum, mut cnt, mut fpd, mut tot) = (0.0, 0.0, 0, 0);
    for f in FAMILIES.iter().filter(|f| only.is_empty() || only.split(',').any(|o| o == f.name)) {
        let (mut f1s, mut fps, mut und, mut t) = (0.0, 0, 0, 0.0);
        let mut labels = String::new();
        for draw in 0..draws {
            let table = f.draw(n, Seed(1000 + draw));
            let d = Design::of(&table, &["y".to_owned()], &(0..n as u32).collect::<Vec<_>>()).unwrap();
            let start = std::time::Instant::now();
            let s = Settings {
                hidden: 16,
                samples: 6000.max(n as u32),
                step_size: eta, halve: true,
                time: false,
                seed: Seed(draw),
            };
            let e = Ensemble::train(&d, &s, || {}).unwrap();
            let m = marginal::p_values(&d).unwrap();
            let j = Judgement::of(&d, &e, &m, 0.05, Seed(draw)).unwrap();
            t += start.elapsed().as_secs_f64();
            let sel: Vec<usize> = j
                .groups
                .iter()
                .filter(|g| g.verdict == Verdict::Relevant)
                .flat_map(|g| g.columns.clone())
                .collect();
            und += j.groups.iter().filter(|g| g.verdict == Verdict::Undecided).count();
            let tp = sel.iter().filter(|c| f.relevant.contains(c)).count() as f64;
            let fp = sel.len() as f64 - tp;
            let fneg = f.relevant.len() as f64 - tp;
            f1s += if f.relevant.is_empty() {
                f64::from(u8::from(sel.is_empty()))
            } else {
                2.0 * tp / (2.0 * tp + fp + fneg)
            };
            if fp > 0.0 {
                fps += 1;
            }
            if draw == 0 {
                labels = format!(
                    "stage {} explained {:.2} eta {} {:?}",
                    j.stage,
                    j.explained,
                    e.step_size,
                    j.groups
                        .iter()
                        .filter(|g| g.verdict == Verdict::Relevant)
                        .map(|g| (
                            g.columns[0],
                            g.label.unwrap(),
                            (g.norm / g.threshold * 10.0).round() / 10.0
                        ))
                        .collect::<Vec<_>>()
                );
            }
        }
        let k = draws as f64;
        println!(
            "{:10} F1 {:.2} fp {}/{} und {:.1} {:.2}s {}",
            f.name,
            f1s / k,
            fps,
            draws,
            und as f64 / k,
            t / k,
            labels
        );
        sum += f1s / k;
        cnt += 1.0;
        fpd += fps;
        tot += draws;
    }
    println!("mean {:.3} fp {fpd}/{tot}", sum / cnt);
}
