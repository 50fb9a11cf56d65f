//! The tree of each feed: unbranched stretches of records, each above another one.
//!
//! A feed of one author is one stretch. Where two records stand above one, a feed branches, and each
//! begins a stretch of its own; a feed may branch at each height. So a question about two records never
//! walks all stretches between them: each stretch knows one further below, in such a way that any
//! ancestor is reached in logarithmically many steps (E. W. Myers, "An applicative random-access stack",
//! Information Processing Letters 17, 1983).

use super::graph::NONE;

/// A place in the tree of a feed: a stretch, and a height in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) stretch: u32,
    pub(super) height: u64,
}

struct Stretch {
    /// The stretch that it stands on, or `NONE`.
    below: u32,
    /// A stretch on the way down from it; itself if it stands on none.
    jump: u32,
    /// The number of stretches below it.
    depth: u32,
    /// The height of its first record.
    start: u64,
}

/// All stretches of a pool, each behind the one that it stands on.
#[derive(Default)]
pub(super) struct Stretches(Vec<Stretch>);

impl Stretches {
    /// Adds a stretch that begins at a height and stands on another one, or on `NONE`.
    pub(super) fn push(&mut self, below: u32, start: u64) -> u32 {
        let number = self.0.len() as u32;
        let (jump, depth) = match below {
            NONE => (number, 0),
            below => {
                let (near, far) = (self.at(below).jump, self.at(self.at(below).jump).jump);
                let depth = |stretch: u32| self.at(stretch).depth;
                let even = depth(below) - depth(near) == depth(near) - depth(far);
                (if even { far } else { below }, depth(below) + 1)
            }
        };
        self.0.push(Stretch {
            below,
            jump,
            depth,
            start,
        });
        number
    }

    /// Whether a spot is another one or stands below it.
    pub(super) fn at_or_below(&self, low: Spot, top: Spot) -> bool {
        let depth = self.at(low.stretch).depth;
        if self.at(top.stretch).depth < depth {
            return false;
        }
        let found = self.descend(top, depth);
        found.stretch == low.stretch && low.height <= found.height
    }

    /// The highest spot that is at or below both; none: they have no record in common.
    pub(super) fn meet(&self, one: Spot, other: Spot) -> Option<Spot> {
        let depth = |spot: Spot| self.at(spot.stretch).depth;
        let shared = depth(one).min(depth(other));
        let (mut a, mut b) = (
            self.ancestor(one.stretch, shared),
            self.ancestor(other.stretch, shared),
        );
        while a != b {
            let (left, right) = (self.at(a), self.at(b));
            if left.below == NONE {
                return None;
            }
            (a, b) = match left.jump == right.jump {
                true => (left.below, right.below),
                false => (left.jump, right.jump),
            };
        }
        let depth = self.at(a).depth;
        let (one, other) = (self.descend(one, depth), self.descend(other, depth));
        Some(Spot {
            stretch: a,
            height: one.height.min(other.height),
        })
    }

    fn at(&self, stretch: u32) -> &Stretch {
        &self.0[stretch as usize]
    }

    /// The stretch at or below another one that has so many below it.
    fn ancestor(&self, mut stretch: u32, depth: u32) -> u32 {
        while self.at(stretch).depth > depth {
            let here = self.at(stretch);
            stretch = match self.at(here.jump).depth >= depth {
                true => here.jump,
                false => here.below,
            };
        }
        stretch
    }

    /// The highest spot at or below another one in a stretch that has so many below it.
    fn descend(&self, top: Spot, depth: u32) -> Spot {
        if self.at(top.stretch).depth <= depth {
            return top;
        }
        let above = self.at(self.ancestor(top.stretch, depth + 1));
        Spot {
            stretch: above.below,
            height: above.start.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Records of a tree, each on one before it or on none, and their spots as the graph finds them.
    fn grown(choices: &[u8]) -> (Stretches, Vec<Option<usize>>, Vec<Spot>) {
        let belows: Vec<Option<usize>> = choices
            .iter()
            .enumerate()
            .map(|(at, &choice)| match (at, choice) {
                (0, _) | (_, 0) => None,
                // Mostly the newest, so that chains become long.
                (at, 1..160) => Some(at - 1),
                (at, choice) => Some(usize::from(choice) % at),
            })
            .collect();
        let branching = |below: Option<usize>| {
            below.is_none() || belows.iter().filter(|it| **it == below).count() > 1
        };
        let (mut stretches, mut spots) = (Stretches::default(), Vec::<Spot>::new());
        for &below in &belows {
            let under = below.map(|at| spots[at]);
            let height = under.map_or(0, |it| it.height + 1);
            let stretch = match under {
                Some(under) if !branching(below) => under.stretch,
                under => stretches.push(under.map_or(NONE, |it| it.stretch), height),
            };
            spots.push(Spot { stretch, height });
        }
        (stretches, belows, spots)
    }

    fn path(belows: &[Option<usize>], from: usize) -> Vec<usize> {
        std::iter::successors(Some(from), |&at| belows[at]).collect()
    }

    proptest! {
        #[test]
        fn what_is_below_is_what_a_walk_finds(
            choices in proptest::collection::vec(any::<u8>(), 1..120),
        ) {
            let (stretches, belows, spots) = grown(&choices);
            let paths: Vec<Vec<usize>> = (0..belows.len()).map(|at| path(&belows, at)).collect();
            for (a, one) in paths.iter().enumerate() {
                for (b, other) in paths.iter().enumerate() {
                    let below = other.contains(&a);
                    prop_assert_eq!(stretches.at_or_below(spots[a], spots[b]), below, "{} {}", a, b);
                    let shared = one.iter().find(|it| other.contains(it)).map(|&it| spots[it]);
                    prop_assert_eq!(stretches.meet(spots[a], spots[b]), shared, "{} {}", a, b);
                }
            }
        }
    }

    /// One walked each of a hundred thousand stretches for each question.
    #[test]
    fn an_ancestor_is_reached_in_few_steps() {
        let mut stretches = Stretches::default();
        let mut top = stretches.push(NONE, 0);
        for height in 1..100_000 {
            top = stretches.push(top, height);
        }
        for depth in [0, 1, 50_000, 99_998] {
            let (mut at, mut steps) = (top, 0);
            while stretches.at(at).depth > depth {
                let here = stretches.at(at);
                let far = stretches.at(here.jump).depth >= depth;
                at = if far { here.jump } else { here.below };
                steps += 1;
            }
            assert!(steps < 64, "{depth}: {steps}");
        }
    }
}
