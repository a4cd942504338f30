//! The cgroup of this process, in which its children are, too: what its memory may be, what it is, and whom the kernel has killed for
//! it. Version 2, or version 1.
//!
//! ```
//! use std::path::Path;
//! use greenroom_cgroup::Cgroup;
//!
//! // None on a system without cgroups.
//! if let Some(cgroup) = Cgroup::find(Path::new("/")) {
//!     let memory = cgroup.memory();
//!     println!("{:?} bytes of {:?}, {:?} killed", memory.used, memory.limit, cgroup.oom_kills());
//! }
//! ```

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// The most that a limit of version 1 says: none.
const NO_LIMIT: u64 = 1 << 62;

/// The longest file that is read.
const MOST: usize = 64 * 1024;

/// The cgroup of this process: its directory, and the one above all.
#[derive(Debug, PartialEq, Eq)]
pub struct Cgroup {
    version: Version,
    top: PathBuf,
    own: PathBuf,
}

/// Its memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CgroupMemory {
    /// What is used and the kernel cannot take back: without the pages of files. `None` where it does not tell.
    pub used: Option<u64>,
    /// What may be used; `None` if all.
    pub limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Cgroup {
    /// The one that `/proc/self/cgroup` names; both it and `/sys/fs/cgroup` are read below `root`. `None` where there is none. Reads
    /// files: it blocks for some microseconds.
    pub fn find(root: &Path) -> Option<Self> {
        let groups = read(&root.join("proc/self/cgroup"))?;
        let mounted = root.join("sys/fs/cgroup");
        let (version, path) = of_memory(&groups)?;
        let (top, own_file) = match version {
            Version::One => (mounted.join("memory"), "memory.usage_in_bytes"),
            Version::Two => (mounted, "memory.current"),
        };
        // In a container the path may be the host's, of which only our own part is mounted, at the top.
        let own = below(&top, path).filter(|own| own.join(own_file).is_file()).unwrap_or_else(|| top.clone());
        Some(Self { version, top, own })
    }

    /// The memory of the cgroup whose limit is the lowest: ours, or one around it.
    pub fn memory(&self) -> CgroupMemory {
        let around = self.own.ancestors().take_while(|dir| dir.starts_with(&self.top));
        let limited = around.filter_map(|dir| Some((self.limit(dir)?, dir))).min_by_key(|(limit, _)| *limit);
        match limited {
            Some((limit, dir)) => CgroupMemory { used: self.used(dir), limit: Some(limit) },
            None => CgroupMemory { used: self.used(&self.own), limit: None },
        }
    }

    /// How many of its processes the kernel has killed for want of memory so far; `None` where it does not tell.
    pub fn oom_kills(&self) -> Option<u64> {
        let file = match self.version {
            Version::One => "memory.oom_control",
            Version::Two => "memory.events",
        };
        field(&read(&self.own.join(file))?, "oom_kill")
    }

    fn limit(&self, dir: &Path) -> Option<u64> {
        let file = match self.version {
            Version::One => "memory.limit_in_bytes",
            Version::Two => "memory.max",
        };
        // Without a limit, version 2 says `max`.
        read(&dir.join(file))?.trim().parse().ok().filter(|limit| *limit < NO_LIMIT)
    }

    /// Pages of files go when there is need; shared memory, which counts among them, does not.
    fn used(&self, dir: &Path) -> Option<u64> {
        let (file, cached, shared) = match self.version {
            Version::One => ("memory.usage_in_bytes", "total_cache", "total_shmem"),
            Version::Two => ("memory.current", "file", "shmem"),
        };
        let all: u64 = read(&dir.join(file))?.trim().parse().ok()?;
        let stat = read(&dir.join("memory.stat")).unwrap_or_default();
        let of_files = field(&stat, cached).unwrap_or(0).saturating_sub(field(&stat, shared).unwrap_or(0));
        Some(all.saturating_sub(of_files))
    }
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok().filter(|text| text.len() <= MOST)
}

/// `oom_kill 3`, a line among others.
fn field(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    value.trim().parse().ok()
}

/// Which version tells of memory, and the path: `4:memory:/a/b`, else `0::/a/b`.
fn of_memory(groups: &str) -> Option<(Version, &str)> {
    let line = |is_it: fn(&str, &str) -> bool| {
        groups.lines().find_map(|line| {
            let (number, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            is_it(number, controllers).then_some(path)
        })
    };
    let one = line(|_, controllers| controllers.split(',').any(|name| name == "memory"));
    let two = || line(|number, controllers| number == "0" && controllers.is_empty());
    one.map(|path| (Version::One, path)).or_else(|| Some((Version::Two, two()?)))
}

/// `None` for one outside of what this process sees, as `/../other`.
fn below(top: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let is_plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    is_plain.then(|| top.join(path.strip_prefix("/").unwrap_or(path)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both(cgroup: &Cgroup) -> (Option<u64>, Option<u64>) {
        let memory = cgroup.memory();
        (memory.used, memory.limit)
    }

    /// A machine of these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_container_with_version_2_is_at_the_top_of_what_it_sees() {
        let root = machine(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "536870912\n"),
            ("sys/fs/cgroup/memory.current", "400000000\n"),
            ("sys/fs/cgroup/memory.stat", "anon 290000000\nfile 110000000\nfile_mapped 5\nshmem 10000000\n"),
            ("sys/fs/cgroup/memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n"),
        ]);
        let cgroup = Cgroup::find(root.path()).unwrap();
        assert_eq!(both(&cgroup), (Some(300_000_000), Some(536_870_912)), "files go when there is need");
        assert_eq!(cgroup.oom_kills(), Some(1));
    }

    #[test]
    fn the_lowest_limit_around_counts() {
        let root = machine(&[
            ("proc/self/cgroup", "0::/system.slice/portal.service\n"),
            ("sys/fs/cgroup/cgroup.controllers", "memory\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "1000\n"),
            ("sys/fs/cgroup/system.slice/memory.current", "900\n"),
            ("sys/fs/cgroup/system.slice/portal.service/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/portal.service/memory.current", "500\n"),
            ("sys/fs/cgroup/system.slice/portal.service/memory.events", "oom_kill 4\n"),
        ]);
        let cgroup = Cgroup::find(root.path()).unwrap();
        assert_eq!((both(&cgroup), cgroup.oom_kills()), ((Some(900), Some(1000)), Some(4)));
    }

    #[test]
    fn version_1_is_read_as_well_also_where_the_path_is_the_hosts() {
        let root = machine(&[
            ("proc/self/cgroup", "5:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1500\n"),
            ("sys/fs/cgroup/memory/memory.stat", "cache 9\ntotal_cache 500\ntotal_shmem 100\n"),
            ("sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
        ]);
        let cgroup = Cgroup::find(root.path()).unwrap();
        assert_eq!((both(&cgroup), cgroup.oom_kills()), ((Some(1100), Some(2000)), Some(2)));
    }

    #[test]
    fn what_is_not_told_is_not_known() {
        let root = machine(&[("proc/self/cgroup", "4:memory:/../b\n")]);
        let cgroup = Cgroup::find(root.path()).unwrap();
        assert_eq!((both(&cgroup), cgroup.oom_kills()), ((None, None), None));
        let unlimited = machine(&[
            ("proc/self/cgroup", "4:memory:/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ]);
        assert_eq!(both(&Cgroup::find(unlimited.path()).unwrap()), (None, None));
        assert_eq!(Cgroup::find(machine(&[]).path()), None);
    }

    proptest! {
        #[test]
        fn whatever_it_says_it_is_read_or_passed_over(text in "([0-9]{0,3}:?[a-z,]{0,9}:?[/.a-z]{0,9} ?[0-9]{0,25}\n){0,4}") {
            let _ = (of_memory(&text), field(&text, "a"), below(Path::new("/sys"), &text));
        }
    }
}
