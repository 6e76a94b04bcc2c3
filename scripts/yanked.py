"""Which versions of lock files their registry has withdrawn: python3 scripts/yanked.py Cargo.lock …

Reads the sparse index (https://doc.rust-lang.org/cargo/reference/registry-index.html). Ends with 1 where one is withdrawn or unknown,
and says SKIPPED, with 0, where the registry does not answer at all.
"""

import concurrent.futures
import json
import sys
import tomllib
import urllib.error
import urllib.request

INDEX = "https://index.crates.io/"
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def path(name: str) -> str:
    name = name.lower()
    if len(name) < 3:
        return f"{len(name)}/{name}"
    if len(name) == 3:
        return f"3/{name[0]}/{name}"
    return f"{name[:2]}/{name[2:4]}/{name}"


def versions(name: str) -> dict[str, bool]:
    """Of each version of a crate whether it is withdrawn. Tries three times."""
    for left in (2, 1, 0):
        try:
            with urllib.request.urlopen(INDEX + path(name), timeout=30) as answer:
                lines = answer.read().decode().splitlines()
            return {entry["vers"]: entry["yanked"] for entry in map(json.loads, lines)}
        except urllib.error.HTTPError as error:
            if error.code in (404, 410, 451):
                return {}
            if not left:
                raise
        except OSError:
            if not left:
                raise
    raise AssertionError


def main() -> int:
    locked = set()
    for lock in sys.argv[1:]:
        with open(lock, "rb") as file:
            packages = tomllib.load(file)["package"]
        locked |= {(package["name"], package["version"]) for package in packages if package.get("source") == CRATES_IO}
    names = sorted({name for name, _ in locked})
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            known = dict(zip(names, pool.map(versions, names)))
    except OSError as error:
        print(f"SKIPPED: {INDEX} does not answer ({error})")
        return 0
    bad = [f"{name} {version}" for name, version in sorted(locked) if known[name].get(version) is not False]
    for crate in bad:
        print(f"withdrawn or unknown: {crate}")
    print(f"{len(locked)} versions of {len(names)} crates, {len(bad)} of them withdrawn or unknown")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
