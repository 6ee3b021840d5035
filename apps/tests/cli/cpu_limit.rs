//! `SEALWIRE_CPU` lowers what runs; a value that it cannot have stops whatever would run a backend.

use crate::support::{Done, Home, Process};

/// The values, from the least to the most, and the backends of the same names. (There is none of the last.)
const LEVELS: [&str; 4] = ["portable", "aes-ni", "vaes", "avx512"];

fn limited(home: &Home, limit: &str, args: &[&str]) -> Done {
    Process::spawn(home.command(args).env("SEALWIRE_CPU", limit)).feed(b"").finish()
}

/// Each backend of the default suite with what `sealwire backends` says of it, without the mark.
fn states(done: &Done) -> Vec<(String, String)> {
    let lines = done.text().lines().map(|line| line.trim_start_matches("->").split_whitespace().collect::<Vec<_>>());
    let of_suite = lines.filter(|words| words.first() == Some(&"aes-256-gcm"));
    of_suite.map(|words| (words[1].to_owned(), words[2..].join(" "))).collect()
}

#[test]
fn auto_takes_the_best_that_the_limit_allows() {
    let home = Home::new();
    let unlimited = states(&limited(&home, "", &["backends"]).ok());
    let rank = |name: &str| LEVELS.iter().position(|level| *level == name).unwrap();
    for (most, limit) in LEVELS.iter().enumerate() {
        let best = unlimited
            .iter()
            .find(|(name, state)| rank(name) <= most && ["would run", "available"].contains(&state.as_str()));
        let best = &best.unwrap().0;
        for (name, state) in states(&limited(&home, limit, &["backends"]).ok()) {
            let forbidden = cfg!(target_arch = "x86_64") && rank(&name) > most;
            assert_eq!(state == "would run", name == *best, "{limit}: {name} {state}");
            assert_eq!(state.contains("SEALWIRE_CPU limits what is used"), forbidden, "{limit}: {name} {state}");
        }
        limited(&home, limit, &["demo", "hello"]).ok();
    }
}

#[test]
fn a_backend_that_the_limit_forbids_cannot_be_named() {
    let home = Home::new();
    for args in [&["demo"][..], &["server"], &["client"]] {
        let done = limited(&home, "portable", &[args, &["--set", "cipher.backend=vaes"]].concat()).with_status(2);
        let done = done.saying(&["aes-256-gcm by vaes is unavailable"]);
        if cfg!(target_arch = "x86_64") {
            done.saying(&["SEALWIRE_CPU limits what is used"]);
        }
    }
}

#[test]
fn an_unknown_limit_is_refused_by_whatever_runs_a_backend() {
    let home = Home::new();
    let new_key = home.name("new.pem");
    let portable = ["--set", "cipher.backend=portable"];
    for args in [&["demo"][..], &["server"], &["client"], &["backends"], &["bench"], &["keygen", "--out", &new_key]] {
        for (limit, args) in [("sse9", args.to_vec()), ("AES-NI", [args, &portable].concat())] {
            let done = limited(&home, limit, &args).with_status(2);
            assert_eq!(done.text(), "", "{args:?}");
            let complaint =
                format!("unknown value of SEALWIRE_CPU {limit:?}: expected one of portable, aes-ni, vaes, avx512");
            assert_eq!(done.stderr.trim_end(), format!("sealwire: {complaint}"), "{args:?}");
        }
    }
    assert!(!home.path("state").exists() && !home.path("new.pem").exists(), "it left something behind");
    limited(&home, "sse9", &["config"]).ok();
}
