//! Packages of the distribution: installed when we are root on Debian, else named.

use std::path::Path;
use std::process::Command;

use crate::children;
use crate::steps::note;

/// A package, and a file by which it is known to be there: quicker than asking dpkg,
/// and true on other distributions.
pub struct Package {
    pub name: &'static str,
    pub proof: &'static str,
}

/// What rustc and the C parts of SQLite, aws-lc and jemalloc need.
pub const COMPILING: &[Package] =
    &[Package { name: "build-essential", proof: "/usr/bin/cc" }, Package { name: "make", proof: "/usr/bin/make" }];

/// What the demo needs beside that.
pub const DEMO: &[Package] = &[
    Package { name: "curl", proof: "/usr/bin/curl" },
    Package { name: "openssl", proof: "/usr/bin/openssl" },
    Package { name: "python3-aiosmtpd", proof: "/usr/lib/python3/dist-packages/aiosmtpd" },
];

/// What the tests need beside that.
pub const TESTS: &[Package] = &[
    Package { name: "chromium", proof: "/usr/bin/chromium" },
    Package { name: "chromium-driver", proof: "/usr/bin/chromedriver" },
    Package { name: "iproute2", proof: "/bin/ip" },
    Package { name: "ldap-utils", proof: "/usr/bin/ldapsearch" },
    Package { name: "libpq-dev", proof: "/usr/include/postgresql/libpq-fe.h" },
    Package { name: "nodejs", proof: "/usr/bin/node" },
    Package { name: "npm", proof: "/usr/bin/npm" },
    Package { name: "pebble", proof: "/usr/bin/pebble" },
    Package { name: "pkg-config", proof: "/usr/bin/pkg-config" },
    Package { name: "postgresql", proof: "/usr/lib/postgresql" },
    Package { name: "procps", proof: "/usr/bin/kill" },
    Package { name: "python3-venv", proof: "/usr/share/python-wheels" },
    Package { name: "python3-prometheus-client", proof: "/usr/lib/python3/dist-packages/prometheus_client" },
    Package { name: "python3-vobject", proof: "/usr/lib/python3/dist-packages/vobject" },
    Package { name: "samba-ad-dc", proof: "/usr/sbin/samba" },
    Package { name: "samba-ad-provision", proof: "/usr/share/samba/setup" },
    Package { name: "samba-dsdb-modules", proof: "/usr/share/doc/samba-dsdb-modules" },
    Package { name: "slapd", proof: "/usr/sbin/slapd" },
    Package { name: "zbar-tools", proof: "/usr/bin/zbarimg" },
];

/// What the benches need beside the compiler.
pub const BENCH: &[Package] = &[
    Package { name: "ldap-utils", proof: "/usr/bin/ldapsearch" },
    Package { name: "libpq-dev", proof: "/usr/include/postgresql/libpq-fe.h" },
    Package { name: "nghttp2-client", proof: "/usr/bin/h2load" },
    Package { name: "nginx", proof: "/usr/sbin/nginx" },
    Package { name: "pkg-config", proof: "/usr/bin/pkg-config" },
    Package { name: "postgresql", proof: "/usr/lib/postgresql" },
    Package { name: "samba-ad-dc", proof: "/usr/sbin/samba" },
    Package { name: "samba-ad-provision", proof: "/usr/share/samba/setup" },
    Package { name: "samba-dsdb-modules", proof: "/usr/share/doc/samba-dsdb-modules" },
    Package { name: "slapd", proof: "/usr/sbin/slapd" },
    Package { name: "wrk", proof: "/usr/bin/wrk" },
];

/// What packages and images are made and tried with.
pub const PACKAGING: &[Package] = &[
    Package { name: "buildah", proof: "/usr/bin/buildah" },
    Package { name: "debhelper", proof: "/usr/bin/dh" },
    Package { name: "dpkg-dev", proof: "/usr/bin/dpkg-buildpackage" },
    Package { name: "libpq-dev", proof: "/usr/include/postgresql/libpq-fe.h" },
    Package { name: "lintian", proof: "/usr/bin/lintian" },
    Package { name: "mmdebstrap", proof: "/usr/bin/mmdebstrap" },
    Package { name: "pkg-config", proof: "/usr/bin/pkg-config" },
    Package { name: "podman", proof: "/usr/bin/podman" },
    Package { name: "runc", proof: "/usr/sbin/runc" },
    Package { name: "systemd-container", proof: "/usr/bin/systemd-nspawn" },
];

/// Makes sure that these are installed.
pub fn need(packages: &[&[Package]]) -> Result<(), String> {
    let missing: Vec<&str> =
        packages.iter().copied().flatten().filter(|p| !Path::new(p.proof).exists()).map(|p| p.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!("these packages are missing: {names}\n  apt-get install --no-install-recommends {names}");
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/apt-get").is_file() {
        return Err(by_hand);
    }
    note(&format!("installing {names} (apt-get)"));
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("/usr/bin/apt-get");
        // without policy-rc.d a package may start its daemon; ours start their own copies
        command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        command.args(["-q", "-o", "DPkg::Lock::Timeout=600"]).args(arguments);
        children::run("apt-get", &mut command)
    };
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    // lists of a fresh machine are empty or old
    let lists = std::fs::read_dir("/var/lib/apt/lists").map_or(0, Iterator::count);
    if lists < 5 {
        apt_get(&["update"])?;
    }
    apt_get(&install)
        .or_else(|problem| {
            if crate::stop::asked() { Err(problem) } else { apt_get(&["update"]).and_then(|()| apt_get(&install)) }
        })
        .map_err(|problem| format!("{problem}\n{by_hand}"))
}
