"""Packages of other architectures, without touching the system's apt.

A private apt state (own lists, own cache, an empty dpkg status) lies below the cache folder. Its
source is wherever the system itself gets the suite from, asked of apt-get, so no host is named
here. Packages are downloaded and unpacked, never installed: an unpacked package is a folder that
appears in one rename, so an interrupted run leaves nothing half done.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


# What apt-get says, behind the address, of a server that it does not reach. Anything else it may say, a
# wrong checksum for example, is the server's or our fault.
NO_NETWORK = re.compile(
    r"Temporary failure resolving|Could not resolve|Something wicked happened resolving|"
    r"Could not connect|Unable to connect|Cannot initiate the connection|Connection failed|"
    r"Connection timed out|Network is unreachable|No route to host|"
    r" 50[234] +(Bad Gateway|Service Unavailable|Gateway Time-?out)", re.I)


class Failure(Exception):
    """Something that was asked for cannot be had; the text says what."""


class Unreachable(Failure):
    """The servers of packages cannot be reached."""


def no_network(errors):
    """Whether all that apt-get failed to fetch, it failed to for want of a network."""
    failed = re.findall(r"^[EW]: Failed to fetch .*", errors, re.M)
    return bool(failed) and all(NO_NETWORK.search(line) for line in failed)


def say(text):
    print("  " + text, file=sys.stderr, flush=True)


def system_sources():
    """[(uri, suite, component)] the system's apt uses."""
    run = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
         "Created-By: Packages"], capture_output=True, text=True)
    if run.returncode:
        raise Failure("apt-get indextargets: " + run.stderr.strip())
    return sorted({tuple(line.split()) for line in run.stdout.splitlines()
                   if len(line.split()) == 3})


class Apt:
    KIND = "deb"  # of packages: deb or deb-src

    def __init__(self, cache, name, suites, architectures):
        self.root = os.path.join(cache, "apt", name)
        self.packages = os.path.join(cache, "packages")
        self.suites = suites
        self.architectures = architectures
        for folder in ("state/lists/partial", "cache/archives/partial", "download"):
            os.makedirs(os.path.join(self.root, folder), exist_ok=True)
        os.makedirs(self.packages, exist_ok=True)
        open(os.path.join(self.root, "status"), "a").close()
        self.options = []
        for key, value in {
                "Dir::State": self.root + "/state",
                "Dir::State::status": self.root + "/status",
                "Dir::Cache": self.root + "/cache",
                "Dir::Etc::sourcelist": self.root + "/sources.list",
                "Dir::Etc::sourceparts": "-",
                "Dir::Etc::preferences": "-",
                "Dir::Etc::preferencesparts": "-",
                "APT::Architecture": "amd64",
                "APT::Architectures": ",".join(architectures),
                "Acquire::Languages": "none",
                "APT::Sandbox::User": "",
        }.items():
            self.options += ["-o", key + "=" + value]

    def run(self, *command, check=True, cwd=None):
        run = subprocess.run([command[0], *self.options, *command[1:]], capture_output=True,
                             text=True, cwd=cwd, env={**os.environ, "LC_ALL": "C"})
        if check and run.returncode:
            errors = (run.stderr or run.stdout).strip()
            if no_network(errors):
                raise Unreachable("no network: " + errors.split("\n")[0].removeprefix("E: "))
            raise Failure(" ".join(command) + ": " + errors)
        return run.stdout

    @contextlib.contextmanager
    def alone(self):
        """Nobody else uses this apt state meanwhile; a second run waits."""
        with open(os.path.join(self.root, "lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def update(self):
        """Fetch the lists of the suites, once."""
        stamp = os.path.join(self.root, "updated")
        if os.path.exists(stamp):
            return
        base = [s for s in system_sources() if s[1] == self.suites[0] and s[2] == "main"]
        if not base:
            bases = [s for s in system_sources() if s[1] == self.suites[0].split("-")[0]]
            if not bases:
                raise Failure("the system has no source of " + self.suites[0])
            base = bases
        uri = base[0][0]
        signed = f"signed-by={KEYRING} " if os.path.exists(KEYRING) else ""
        with open(os.path.join(self.root, "sources.list"), "w") as f:
            for suite in self.suites:
                f.write(f"{self.KIND} [{signed}arch={','.join(self.architectures)}] "
                        f"{uri} {suite} main\n")
        say(f"package lists of {' '.join(self.suites)} for {' '.join(self.architectures)} ...")
        self.run("apt-get", "update", "-qq", "--error-on=any")
        open(stamp, "w").close()

    def depends(self, package):
        """Names the package depends on."""
        text = self.run("apt-cache", "depends", "--no-recommends", "--no-suggests", package)
        return re.findall(r"^ +\|?Depends: ([^\s<]+)$", text, re.M)

    def resolve(self, package, pattern):
        """The one package that a meta package depends on and whose name matches. The answer is kept:
        a new kernel is fetched when the folder `resolved` is removed."""
        note = os.path.join(self.root, "resolved", package)
        if os.path.exists(note):
            with open(note) as f:
                return f.read()
        with self.alone():
            self.update()
            names = [n for n in self.depends(package) if re.match(pattern, n)]
        if len(names) != 1:
            raise Failure(f"{package} depends on {names or 'nothing'} like {pattern}")
        os.makedirs(os.path.dirname(note), exist_ok=True)
        with open(note + ".part", "w") as f:
            f.write(names[0])
        os.rename(note + ".part", note)
        return names[0]

    def unpack(self, package):
        """Folder with the package's files; package is NAME:ARCH."""
        folder = os.path.join(self.packages, package.replace(":", "_"))
        if os.path.isdir(folder):
            return folder
        with self.alone():
            if not os.path.isdir(folder):  # else another run was quicker
                self.download(package, folder)
        return folder

    def download(self, package, folder):
        self.update()
        say(f"{package} ...")
        work = os.path.join(self.root, "download")
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        try:
            self.run("apt-get", "download", "-qq", package, cwd=work)
        except Unreachable:
            raise
        except Failure:  # the lists may be older than what the server has now
            os.remove(os.path.join(self.root, "updated"))
            self.update()
            self.run("apt-get", "download", "-qq", package, cwd=work)
        files = [n for n in os.listdir(work) if n.endswith(".deb")]
        if len(files) != 1:
            raise Failure(f"apt-get download {package} brought {files}")
        part = f"{folder}.part.{os.getpid()}"
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run(["dpkg-deb", "-x", os.path.join(work, files[0]), part], check=True)
        shutil.rmtree(work, ignore_errors=True)
        os.rename(part, folder)
