//! Ten nodes that meet by chance: partitions, a node cut off, members who wish ill.

use okibi::learn::{Aggregate, Examples, Judging, Merged, Profile};

use super::digits::{Digits, Partition, SEEDS};
use super::foes::{ATTACKS, Attack, Foes, marked};
use super::rounds::{Way, mlp};
use super::ten;
use super::world::World;

/// Accuracy on examples, and the share of those of other classes that are taken for the foes' class once they are marked.
fn worth(merged: &Merged, attack: Attack, examples: &Examples) -> (f64, f64) {
    let weights = merged.theta.weights();
    let accuracy = mlp().accuracy(&weights, examples);
    (
        accuracy,
        mlp().accuracy(&weights, &marked(examples, attack)),
    )
}

/// Who can reach whom in a tick.
type Links = fn(u32, usize, usize) -> bool;

fn all(_: u32, _: usize, _: usize) -> bool {
    true
}

/// From tick 40 to 110 three are apart from seven.
fn apart(tick: u32, a: usize, b: usize) -> bool {
    !(40..110).contains(&tick) || (a < 3) == (b < 3)
}

/// Three are apart from seven for the whole time.
fn divided(_: u32, a: usize, b: usize) -> bool {
    (a < 3) == (b < 3)
}

/// The last node is cut off for the whole time.
fn cut_off(_: u32, a: usize, b: usize) -> bool {
    a != 9 && b != 9
}

/// So many ticks of ten nodes.
fn world(ticks: u32, partition: u64, linked: Links) -> World {
    let digits = Digits::read();
    let nodes = Partition {
        nodes: 10,
        seed: partition,
    };
    let mut world = World::new(&digits.base, digits.nodes(nodes), ten(), None, partition);
    (0..ticks).for_each(|_| world.tick(linked));
    world
}

/// All meet: one model (`settle` asks for it), and its accuracy on the test part.
fn settled(what: &str, partition: u64, world: &mut World) -> f64 {
    let merged = world.settle();
    let examples = Digits::read().test();
    let (accuracy, backdoor) = worth(&merged, Attack::BackdoorCentre, &examples);
    println!(
        "{what}, partition {partition}: accuracy {accuracy:.4}, backdoor {backdoor:.4}; {} generations, {} deltas of {} bytes at most, {} judged harmful",
        merged.theta.generation(),
        world.published,
        world.largest,
        merged.refused.len()
    );
    assert!(world.largest <= ten().most);
    accuracy
}

/// The short form of the next two.
#[test]
fn ten_nodes_that_meet_by_chance_come_to_one_model() {
    let accuracy = settled(
        "40 ticks of three and seven",
        2024,
        &mut world(40, 2024, divided),
    );
    assert!(accuracy >= 0.75, "{accuracy}");
}

#[test]
#[ignore = "measures partitions within 150 ticks"]
fn measures_partitions() {
    for partition in SEEDS {
        let stories: [(&str, Links); 3] = [
            ("all reach each other", all),
            ("three apart from seven for 70 ticks", apart),
            ("one cut off for 150 ticks", cut_off),
        ];
        for (what, linked) in stories {
            let accuracy = settled(what, partition, &mut world(150, partition, linked));
            assert!(accuracy >= 0.94, "{what}: {accuracy}");
        }
    }
}

/// Three who are no majority stay in their first generation, so what they alone know is in one step of many when they come back. It takes
/// some ticks together until it is learnt.
#[test]
#[ignore = "measures a division of 150 ticks"]
fn measures_a_division_for_the_whole_time() {
    for partition in SEEDS {
        let mut world = world(150, partition, divided);
        settled(
            "three apart from seven for 150 ticks",
            partition,
            &mut world,
        );
        for after in [10, 20, 30] {
            (0..10).for_each(|_| world.tick(all));
            let accuracy = settled(&format!("{after} ticks later"), partition, &mut world);
            assert!(after < 30 || accuracy >= 0.94, "{accuracy}");
        }
    }
}

/// 150 ticks of ten nodes of which two are foes, measured on `examples`: accuracy, backdoor success.
fn attacked(way: Way, partition: u64, attack: Attack, on_test: bool) -> (f64, f64) {
    let digits = Digits::read();
    let nodes = Partition {
        nodes: 10,
        seed: partition,
    };
    let (data, examples) = match on_test {
        true => (digits.nodes(nodes), digits.test()),
        false => digits.for_choosing(nodes, 0),
    };
    let foes = Foes { number: 2, attack };
    let mut world = World::new(&digits.base, data, way, Some(foes), partition);
    (0..150).for_each(|_| world.tick(all));
    let merged = world.settle();
    let (accuracy, backdoor) = worth(&merged, attack, &examples);
    let author = |id| world.nodes[0].set.get(id).unwrap().author;
    let refused = merged.refused.iter();
    let of_foes = refused.filter(|(id, _)| foes.are(&author(id))).count();
    println!(
        "{attack:?}, partition {partition}, speckled {}: accuracy {accuracy:.4}, backdoor {backdoor:.4}; {} generations, {} deltas, judged harmful {} of foes and {} of others",
        way.speckled,
        merged.theta.generation(),
        world.published,
        of_foes,
        merged.refused.len() - of_foes
    );
    (accuracy, backdoor)
}

#[test]
#[ignore = "measures attacks of 150 ticks"]
fn measures_attacks() {
    for partition in SEEDS {
        for attack in ATTACKS {
            let (accuracy, backdoor) = attacked(ten(), partition, attack, true);
            assert!(
                accuracy >= 0.92 && backdoor <= 0.05,
                "{attack:?}: {accuracy} {backdoor}"
            );
        }
    }
}

/// What is not held off: a mark in the middle of the images, where the honest ones' numbers differ from each other and leave room. Training on
/// speckled images takes most of it away, and not enough.
#[test]
#[ignore = "measures a backdoor in the middle of 150 ticks"]
fn measures_a_mark_where_images_are_busy() {
    for partition in SEEDS {
        let plain = attacked(ten(), partition, Attack::BackdoorCentre, true);
        let mut way = ten();
        way.speckled = true;
        let speckled = attacked(way, partition, Attack::BackdoorCentre, true);
        assert!(plain.0 >= 0.92 && speckled.0 >= 0.92);
        assert!(speckled.1 < plain.1);
    }
}

/// Trim and threshold by the worst accuracy under attack, on what was put aside of the training part.
#[test]
#[ignore = "measures which trim and threshold a community takes"]
fn the_rules_of_ten_were_chosen_without_the_test_part() {
    let mut tried = Vec::new();
    for (trim, nats) in [
        (2, Some(0.02)),
        (2, Some(0.2)),
        (2, None),
        (3, Some(0.2)),
        (4, Some(0.2)),
    ] {
        let judging = nats.map(|nats: f64| Judging {
            judges: 10,
            threshold: (nats * 65_536.0) as i64,
        });
        let aggregate = Aggregate::TrimmedMean { trim, quorum: 0 };
        let profile = Profile {
            aggregate,
            judging,
            ..ten().profile
        };
        println!("trim {trim}, threshold {nats:?}");
        let mut worst = 1.0_f64;
        for attack in [
            Attack::SignFlip,
            Attack::InnerProduct,
            Attack::BackdoorCentre,
        ] {
            for partition in SEEDS {
                let way = Way { profile, ..ten() };
                worst = worst.min(attacked(way, partition, attack, false).0);
            }
        }
        println!("worst accuracy {worst:.4}");
        tried.push((worst, profile));
    }
    tried.sort_by(|a, b| b.0.total_cmp(&a.0));
    assert_eq!(tried[0].1, ten().profile);
}
