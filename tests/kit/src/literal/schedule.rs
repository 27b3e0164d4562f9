//! "t counts completed updates, the first is 0."

use tamis::Base;

use super::settings::Schedule;

impl Schedule {
    /// eta of update t.
    pub fn eta(&self, t: u32) -> f32 {
        let warm_up = self.warm_up.unwrap_or(0);
        let mut eta;
        if t < warm_up {
            // "Warm-up eta*(t+1)/W"
            let product = self.eta * (t + 1) as f32;
            eta = product / warm_up as f32;
        } else {
            // "then the base schedule at t - W"
            let s = t - warm_up;
            eta = match self.base {
                Base::Constant => self.eta,
                // "Step decay as a running product." Open: of the factors alone, from 1.
                Base::StepDecay { every, factor } => {
                    let mut product = 1.0;
                    for _ in 0..s / every {
                        product *= factor;
                    }
                    self.eta * product
                }
                // "Cosine 1/2*(1 + cos(pi*min(s,S)/S))"
                Base::Cosine { over } => {
                    let least = if s < over { s } else { over };
                    let angle = core::f32::consts::PI * least as f32;
                    let angle = angle / over as f32;
                    let raised = 1.0 + libm::cosf(angle);
                    let half = 0.5 * raised;
                    self.eta * half
                }
            };
        }
        // "The final drop multiplies eta by a stated f32 factor (0.2) from a stated update on."
        if let Some((at, factor)) = self.drop
            && t >= at
        {
            eta *= factor;
        }
        eta
    }
}
