//! What it costs to depend on an adapter: the crates and seconds that it adds to a clean build of
//! an application which already has its framework and `serde_json`.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use crate::{
    server::Framework,
    table::{Goal, Ratio, Table},
};

const ROUNDS: usize = 1;
const BENCH: &str = env!("CARGO_MANIFEST_DIR");

/// Among the variables that change how cargo builds.
const PREFIXES_OF_BUILDS: [&str; 6] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_",
    "CARGO_INCREMENTAL",
    "CARGO_PROFILE_",
    "RUSTC_",
    "RUSTFLAGS",
];

pub fn measure(table: &mut Table) {
    let root = env::temp_dir().join(format!("trackingmore-webhook-cost-{}", std::process::id()));
    for framework in Framework::ALL {
        let name = framework.name();
        let without = Application::create(&root, framework, false);
        let with = Application::create(&root, framework, true);
        let (all, before) = (with.crates(), without.crates());
        let added: BTreeSet<_> = all.difference(&before).collect();
        let is_ours = |line: &str| line.starts_with("trackingmore-webhook");
        let others: Vec<_> = added.iter().filter(|line| !is_ours(line)).collect();
        let counts = [(others.len() as f64, 16.0)];
        table.add(
            format!("{name}, crates added / allowed"),
            "crates",
            Ratio::of_pairs(counts),
            Goal::AtMost(1.0),
        );
        for line in others {
            let crate_name = |line: &str| line.split(' ').next().map(str::to_owned);
            let is_other_version = |there: &&String| crate_name(there) == crate_name(line);
            match before.iter().find(is_other_version) {
                Some(there) => eprintln!("  {line}, a second version beside {there}"),
                None => eprintln!("  {line}"),
            }
        }
        let seconds = (0..ROUNDS).map(|_| (with.build(), without.build()));
        table.add(
            format!("{name}, clean build with / without"),
            "s",
            Ratio::of_pairs(seconds),
            Goal::None,
        );
    }
    fs::remove_dir_all(root).ok();
}

struct Application(PathBuf);

impl Application {
    /// Locks the same versions as this package, as far as it has them.
    fn create(root: &Path, framework: Framework, with_adapter: bool) -> Self {
        let name = framework.name();
        let directory = root.join(format!("{name}-{with_adapter}"));
        let dependency = match framework {
            Framework::Axum => {
                "axum = \"0.8\"\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }"
            }
            Framework::Actix => "actix-web = \"4\"",
            Framework::Warp => {
                "warp = { version = \"0.4\", features = [\"server\"] }\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }"
            }
        };
        let adapter = match with_adapter {
            true => {
                format!("trackingmore-webhook-{name} = {{ path = \"{BENCH}/../adapter-{name}\" }}")
            }
            false => String::new(),
        };
        let manifest = format!(
            "[package]\nname = \"application\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n\
             {dependency}\n{adapter}\n"
        );
        fs::create_dir_all(directory.join("src")).expect("a directory");
        fs::write(directory.join("Cargo.toml"), manifest).expect("a file");
        fs::write(directory.join("src/main.rs"), "fn main() {}\n").expect("a file");
        fs::copy(format!("{BENCH}/Cargo.lock"), directory.join("Cargo.lock")).expect("a file");
        let application = Self(directory);
        application.cargo(&["fetch"]);
        application
    }

    /// Every crate that is compiled for this machine, by name and version.
    fn crates(&self) -> BTreeSet<String> {
        let tree = self.cargo(&[
            "tree",
            "--edges",
            "no-dev",
            "--prefix",
            "none",
            "--no-dedupe",
        ]);
        let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        tree.lines().map(words).collect()
    }

    fn build(&self) -> f64 {
        fs::remove_dir_all(self.0.join("target")).ok();
        let start = Instant::now();
        self.cargo(&["build", "--offline"]);
        start.elapsed().as_secs_f64()
    }

    fn cargo(&self, arguments: &[&str]) -> String {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args(arguments).current_dir(&self.0);
        // A clean build has no compilation cache, and uses the default profile.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if PREFIXES_OF_BUILDS
                .iter()
                .any(|prefix| text.starts_with(prefix))
            {
                cargo.env_remove(name);
            }
        }
        let output = cargo
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            .output()
            .expect("cargo");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
