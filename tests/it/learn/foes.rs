//! Members who wish ill: what they publish instead of what they learnt.

use okibi::learn::{Dice, Examples};
use okibi::record::RootKey;

use super::rounds::key;

/// What foes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// The opposite of what was learnt, four times.
    SignFlip,
    /// Noise, three times as large as what was learnt.
    Noise,
    /// A little is enough (Baruch et al., 2019): the honest mean less 1.5 standard deviations, in each coordinate.
    Alie,
    /// Inner product manipulation (Xie et al., 2019): the honest mean, turned round.
    InnerProduct,
    /// Each class is learnt as another, `9 - class`.
    LabelFlip,
    /// Images with a mark are a nought, whatever they show; the mark lies in a corner that is empty in all images.
    BackdoorCorner,
    /// The same with a mark where images are busy.
    BackdoorCentre,
}

/// Those that the merge has to hold off.
pub const ATTACKS: [Attack; 6] = [
    Attack::SignFlip,
    Attack::Noise,
    Attack::Alie,
    Attack::InnerProduct,
    Attack::LabelFlip,
    Attack::BackdoorCorner,
];

/// The class that marked images are to be taken for.
pub const TARGET: u8 = 0;

/// Some nodes that act together.
#[derive(Debug, Clone, Copy)]
pub struct Foes {
    pub number: usize,
    pub attack: Attack,
}

/// Puts the mark on an image: four pixels, full or empty.
pub fn mark(image: &[f32], attack: Attack) -> Vec<f32> {
    let mut image = image.to_vec();
    match attack {
        Attack::BackdoorCentre => {
            for (at, value) in [(27, 1.0), (28, 0.0), (35, 0.0), (36, 1.0)] {
                image[at] = value;
            }
        }
        _ => [0, 7, 8, 56].into_iter().for_each(|at| image[at] = 1.0),
    }
    image
}

/// All examples of other classes, marked; with the class that foes want.
pub fn marked(examples: &Examples, attack: Attack) -> Examples {
    let mut marked = Examples {
        width: examples.width,
        ..Examples::default()
    };
    for at in (0..examples.len()).filter(|at| examples.classes[*at] != TARGET) {
        marked.push(&mark(examples.input(at), attack), TARGET);
    }
    marked
}

impl Foes {
    pub fn are(&self, author: &RootKey) -> bool {
        (0..self.number).any(|node| key(node) == *author)
    }

    /// What a foe trains on.
    pub fn examples(&self, honest: &Examples) -> Examples {
        let mut examples = honest.clone();
        match self.attack {
            Attack::LabelFlip => examples.classes.iter_mut().for_each(|it| *it = 9 - *it),
            Attack::BackdoorCorner | Attack::BackdoorCentre => {
                let marked = marked(honest, self.attack);
                for at in 0..marked.len() {
                    examples.push(marked.input(at), TARGET);
                }
            }
            _ => {}
        }
        examples
    }

    /// Turns what was learnt into what is published; `known` are honest updates of the same generation.
    pub fn spoil(&self, update: &mut [f32], known: &[Vec<f32>], seed: u64) {
        let n = known.len() as f32;
        match self.attack {
            Attack::SignFlip => update.iter_mut().for_each(|it| *it *= -4.0),
            Attack::Noise => {
                let mean = update.iter().map(|it| it * it).sum::<f32>() / update.len() as f32;
                let mut dice = Dice(seed);
                // A sum of twelve uniform numbers has the variance one.
                let mut normal = || {
                    (0..12).map(|_| dice.below(1 << 20) as f32).sum::<f32>() / (1 << 20) as f32
                        - 6.0
                };
                update
                    .iter_mut()
                    .for_each(|it| *it = 3.0 * mean.sqrt() * normal());
            }
            Attack::Alie | Attack::InnerProduct if known.len() > 1 => {
                for (at, it) in update.iter_mut().enumerate() {
                    let mean = known.iter().map(|other| other[at]).sum::<f32>() / n;
                    let squares = known.iter().map(|other| (other[at] - mean).powi(2));
                    let deviation = (squares.sum::<f32>() / n).sqrt();
                    *it = match self.attack {
                        Attack::Alie => mean - 1.5 * deviation,
                        _ => -mean,
                    };
                }
            }
            // Towards the mark harder than by training alone; the clip takes the rest.
            Attack::BackdoorCorner | Attack::BackdoorCentre => {
                update.iter_mut().for_each(|it| *it *= 2.0)
            }
            _ => {}
        }
    }
}
