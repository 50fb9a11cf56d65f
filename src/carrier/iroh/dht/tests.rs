use std::time::Instant;

use super::*;
use crate::carrier::iroh::{Iroh, Ways};

fn ip(text: &str) -> TransportAddr {
    TransportAddr::Ip(text.parse().unwrap())
}

fn secret() -> SecretKey {
    SecretKey::from_bytes(&[7; 32])
}

#[test]
fn only_addresses_of_the_internet_are_shown() {
    for yes in [
        "1.2.3.4:6543",
        "100.63.0.1:1",
        "172.32.0.1:1",
        "198.17.0.1:1",
        "223.255.255.254:1",
        "[2600::1]:6543",
        "[2a00:1450::7]:1",
        "[::ffff:1.2.3.4]:1",
    ] {
        assert!(public(yes.parse().unwrap()), "{yes}");
    }
    for no in [
        "1.2.3.4:0",
        "0.0.0.0:1",
        "10.77.0.1:1",
        "100.64.0.1:1",
        "127.0.0.1:1",
        "169.254.1.1:1",
        "172.16.0.1:1",
        "192.0.0.8:1",
        "192.0.2.7:1",
        "192.168.1.7:1",
        "198.18.0.1:1",
        "198.51.100.7:1",
        "203.0.113.7:1",
        "224.0.0.251:1",
        "255.255.255.255:1",
        "[::]:1",
        "[::1]:1",
        "[::ffff:192.168.1.7]:1",
        "[64:ff9b::102:304]:1",
        "[2001::1]:1",
        "[2001:db8::7]:1",
        "[2002:102:304::1]:1",
        "[3fff::1]:1",
        "[fd00::1]:1",
        "[fe80::1]:1",
        "[ff02::fb]:1",
    ] {
        assert!(!public(no.parse().unwrap()), "{no}");
    }
}

/// What others told is said where the node has no such address itself, and only if it is one of the internet.
#[test]
fn the_routers_address_is_said_where_there_is_no_other() {
    let told = Some(Ipv4Addr::new(1, 2, 3, 4));
    let inside = [ip("192.168.1.7:6543"), ip("[2600::1]:6543")];
    let both = [ip("1.2.3.4:6543"), ip("[2600::1]:6543")];
    assert_eq!(places(&inside, told, 6543), both);
    let own = [ip("8.7.6.5:6543")];
    assert_eq!(places(&own, told, 6543), own);
    let router = Some(Ipv4Addr::new(100, 64, 0, 1));
    assert_eq!(places(&inside, router, 6543), both[1..]);
    assert_eq!(places(&inside[..1], None, 6543), []);
}

/// The word holds the key's name, relays and addresses of the internet; it fits, however long they are.
#[test]
fn what_is_published_is_key_relay_and_public_addresses() {
    let mut all: Vec<TransportAddr> = (0..20)
        .flat_map(|n| {
            let long = format!("[2a0{n:x}:1234:5678:9abc:def0:1234:5678:9abc]:65535");
            [ip(&format!("192.168.1.{n}:6543")), ip(&long)]
        })
        .take(30)
        .collect();
    let relay = format!("https://relay.{}.example/", "a".repeat(60));
    all.push(TransportAddr::Relay(relay.parse().unwrap()));
    all.push(TransportAddr::Relay("https://b.example/".parse().unwrap()));
    let places = places(&all, None, 6543);
    assert_eq!(places.len(), DIRECT + RELAYS);
    let item = write(&secret(), &places).unwrap();
    assert!(item.value().len() < 990, "{}", item.value().len());
    assert_eq!(item.key(), secret().public().as_bytes());
    let time = Timestamp::from_micros(u64::try_from(item.seq()).unwrap());
    let packet =
        SignedPacket::from_parts_unchecked(item.key(), item.signature(), time, item.value());
    let records = packet.unwrap().all_txt_records();
    let mut expected: Vec<(String, String)> = places
        .iter()
        .map(|place| match place {
            TransportAddr::Ip(address) => format!("addr={address}"),
            TransportAddr::Relay(url) => format!("relay={url}"),
            other => panic!("{other:?}"),
        })
        .map(|text| ("_iroh".to_owned(), text))
        .collect();
    expected.sort();
    let mut found = records;
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(read(&item, secret().public()), Some(places));
    let other = SecretKey::from_bytes(&[8; 32]).public();
    assert_eq!(read(&item, other), None);
}

/// An old word that comes first does not hide the new one, and none that comes later.
#[tokio::test]
async fn the_newest_word_counts() {
    let word = |place: &str| write(&secret(), &[ip(place)]).unwrap();
    let (old, new) = (word("1.2.3.4:1"), word("1.2.3.4:2"));
    let inside = word("10.0.0.1:1");
    for (said, expected) in [
        (
            vec![old.clone(), new.clone(), old.clone()],
            vec![ip("1.2.3.4:1"), ip("1.2.3.4:2")],
        ),
        (vec![new, old, inside], vec![ip("1.2.3.4:2")]),
    ] {
        let mut said = stream::iter(said);
        let (mut newest, mut heard) = (i64::MIN, Vec::new());
        while let Some(places) = newer(&mut said, &mut newest, secret().public()).await {
            heard.extend(places);
        }
        assert_eq!(heard, expected);
    }
}

/// A member's word in the DHT names a relay of its choice. iroh would connect there, under this node's lasting key.
#[test]
fn a_relay_that_nobody_here_named_is_not_used() {
    let relay = |url: &str| TransportAddr::Relay(url.parse().unwrap());
    let all = vec![
        ip("1.2.3.4:1"),
        relay("https://mine.example/"),
        relay("http://169.254.169.254/"),
        relay("https://use1-1.relay.n0.iroh.link./"),
    ];
    let named = vec!["https://mine.example".to_owned()];
    for (n0, expected) in [(false, vec![0, 1]), (true, vec![0, 1, 3])] {
        let lookup = Lookup::new(named.clone(), n0);
        let expected: Vec<_> = expected
            .into_iter()
            .map(|n: usize| all[n].clone())
            .collect();
        assert_eq!(lookup.allowed(all.clone()), expected);
    }
}

/// Who does not come is asked for less and less; what was found is known meanwhile.
#[test]
fn who_is_asleep_is_not_asked_for_all_the_time() {
    let lookup = Lookup::new(Vec::new(), false);
    let id = secret().public();
    let later = |by: u64| lookup.turn.fetch_add(by, Ordering::Relaxed);
    let mut asked = 0;
    for _ in 0..turns(3_600) {
        asked += usize::from(lookup.due(id).is_ok());
        later(1);
    }
    assert!((15..30).contains(&asked), "{asked}");
    let known = [ip("1.2.3.4:1")];
    lookup.found(id, 7, &known);
    later(AGAIN.1);
    assert_eq!(lookup.due(id), Ok(()));
    assert_eq!(lookup.due(id), Err(known.to_vec()));
    // Who said something new is asked for soon again; an older word is none.
    later(AGAIN.0);
    assert_eq!(lookup.due(id), Ok(()));
    lookup.found(id, 6, &[]);
    assert_eq!(lookup.due(id), Err(known.to_vec()));
}

/// The task, its socket and what it waits for end with the endpoint, whether anybody answered or not.
#[test]
fn nothing_is_left_when_the_endpoint_closes() {
    let begin = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    };
    let there = begin();
    let dht = there.block_on(async {
        let mut builder = DhtBuilder::default();
        builder.server_mode().no_bootstrap().port(0);
        builder.build().unwrap()
    });
    let info = there.block_on(dht.info()).unwrap();
    let known = format!("127.0.0.1:{}", info.local_addr().port());
    for (nodes, answers) in [(vec![known], true), (vec!["127.0.0.1:1".into()], false)] {
        let here = begin();
        let ways = Ways {
            dht: Some(nodes),
            ..Ways::default()
        };
        here.block_on(async {
            let iroh = Iroh::open(&[7; 32], &ways).await.unwrap();
            let end = Instant::now() + Duration::from_secs(20);
            while answers && iroh.dht() == Some(false) {
                assert!(Instant::now() < end, "no answer");
                tokio::time::sleep(TURN).await;
            }
            assert_eq!(iroh.dht(), Some(answers));
            iroh.close().await;
        });
        let end = Instant::now() + Duration::from_secs(20);
        while here.metrics().num_alive_tasks() > 0 {
            let left = here.metrics().num_alive_tasks();
            assert!(Instant::now() < end, "{left} tasks are left");
            std::thread::sleep(TURN);
        }
    }
}
