//! `sealwire bench` measures everything that runs here.

use crate::support::Home;
use std::collections::BTreeSet;

/// The names in the second column of `sealwire backends` that can be used for `family`.
fn usable(home: &Home, family: &str) -> Vec<String> {
    let table = home.run(&["backends"], "").ok();
    let lines = table.text().lines().map(|line| line.trim_start_matches("->").split_whitespace().collect::<Vec<_>>());
    let usable = lines
        .filter(|words| words[..].first() == Some(&family) && matches!(words[2..], ["would", "run"] | ["available"]));
    usable.map(|words| words[1].to_owned()).collect()
}

/// What a table of `sealwire bench` shows: its rows by name, each with as many figures as there are columns.
fn rows(text: &str, title: &str, columns: usize) -> BTreeSet<String> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(title));
    let head = lines.next().unwrap_or_else(|| panic!("no {title:?} in:\n{text}"));
    let of_table = lines.take_while(|line| !line.is_empty());
    let row = |line: &str| {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let figures = words.split_off(words.len() - columns);
        assert!(figures.iter().all(|figure| figure.parse::<f64>().is_ok_and(|f| f > 0.0)), "{head}\n{line}");
        words.join(" ")
    };
    of_table.map(row).collect()
}

#[test]
fn every_backend_is_measured_in_all_it_does() {
    let home = Home::new();
    let named = |what: &[&str], backends: &[String]| -> BTreeSet<String> {
        what.iter().flat_map(|what| backends.iter().map(move |backend| format!("{what} {backend}"))).collect()
    };
    let [ciphers, engines] = ["aes-256-gcm", "rsa-oaep-sha256"].map(|family| usable(&home, family));
    assert!(!ciphers.is_empty() && !engines.is_empty());
    let mut tables = vec![("blocks".to_owned(), 3, named(&["aes encrypt", "aes decrypt"], &ciphers))];
    for suite in ["aes-256-gcm", "aes-128-gcm"] {
        tables.push((format!("{suite}, GB/s"), 6, named(&["seal", "open"], &ciphers)));
        tables.push((format!("{suite}, keys"), 2, named(&["new key"], &ciphers)));
    }
    for bits in [2048, 3072] {
        let operations = ["wrap (oaep)", "unwrap (oaep)", "sign (pss)", "verify (pss)"];
        tables.push((format!("rsa, {bits} bits"), 2, named(&operations, &engines)));
    }
    tables.push(("rsa, 3072 bits, 3 primes".to_owned(), 2, named(&["wrap (oaep)", "unwrap (oaep)"], &engines)));
    let bench = home.spawn(&["bench"]);
    // It takes a while in all, so each table has a deadline of its own.
    for (title, ..) in &tables {
        bench.stdout.line_with(title);
    }
    let done = bench.finish().ok();
    for (title, columns, expected) in tables {
        assert_eq!(rows(done.text(), &title, columns), expected, "{title}");
    }
}
