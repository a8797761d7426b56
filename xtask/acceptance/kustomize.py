"""Checks the kustomizations below a directory: their fields, their files, their patches, and every manifest by the
schemas of Kubernetes. Prints a line for each finding, and ends with 1 if there is any."""

import pathlib
import subprocess
import sys

import yaml

# The fields that our kustomizations use. Others are mistakes, or belong here.
FIELDS = {
    "apiVersion", "kind", "namespace", "resources", "images", "configMapGenerator", "secretGenerator", "patches",
}

# Files with secrets, which are not in version control.
UNTRACKED = {"secrets.env"}

# Resources of operators, whose schemas are not Kubernetes's own.
CUSTOM = {"ExternalSecret"}


def main(root, validate):
    findings = []
    kustomizations = sorted(root.rglob("kustomization.yaml"))
    if not kustomizations:
        findings.append(f"{root}: no kustomization")
    for path in kustomizations:
        findings += [f"{path}: {finding}" for finding in check(path, validate)]
    print("\n".join(findings))
    sys.exit(1 if findings else 0)


def check(path, validate):
    """Returns the findings about one kustomization."""
    directory, content = path.parent, yaml.safe_load(path.read_text())
    findings = [f"unknown field `{field}`" for field in content if field not in FIELDS]
    if (content.get("apiVersion"), content.get("kind")) != ("kustomize.config.k8s.io/v1beta1", "Kustomization"):
        findings.append("another version or kind")
    named = set()
    for resource in content.get("resources", []):
        target = directory / resource
        if target.is_dir():
            if not (target / "kustomization.yaml").is_file():
                findings.append(f"`{resource}` is no kustomization")
            continue
        named.add(resource)
        findings += check_manifest(target, validate) if target.is_file() else [f"there is no `{resource}`"]
    for generator in content.get("configMapGenerator", []) + content.get("secretGenerator", []):
        for file in generator.get("files", []) + generator.get("envs", []):
            named.add(file)
            if file not in UNTRACKED and not (directory / file).is_file():
                findings.append(f"there is no `{file}`")
    for file in directory.iterdir():
        if file.is_file() and file.name != "kustomization.yaml" and file.name not in named:
            findings.append(f"`{file.name}` is named nowhere")
    for image in content.get("images", []):
        if not str(image.get("digest", "")).startswith("sha256:"):
            findings.append(f"the image `{image.get('name')}` has no digest")
        if image.get("name") not in images(directory, content):
            findings.append(f"nothing uses the image `{image.get('name')}`")
    for patch in content.get("patches", []):
        findings += check_patch(directory, content, patch)
    return findings


def check_manifest(path, validate):
    """Returns the findings about a manifest."""
    objects = [item for item in yaml.safe_load_all(path.read_text()) if item]
    findings = [f"{path.name}: `{item['kind']}` is not named clawft" for item in objects
                if item["metadata"]["name"] != "clawft"]
    if all(item["kind"] in CUSTOM for item in objects):
        return findings
    done = subprocess.run([validate, "--strict", path], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        findings.append(f"{path.name}: {done.stdout}{done.stderr}")
    return findings


def objects_of(directory, content):
    """Returns all objects of a kustomization and of those that it builds on."""
    for resource in content.get("resources", []):
        target = directory / resource
        if target.is_dir():
            yield from objects_of(target, yaml.safe_load((target / "kustomization.yaml").read_text()))
        elif target.is_file():
            yield from (item for item in yaml.safe_load_all(target.read_text()) if item)


def images(directory, content):
    """Returns the images that containers use."""
    for item in objects_of(directory, content):
        containers = item.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
        yield from (container["image"].split("@")[0].split(":")[0] for container in containers)


def check_patch(directory, content, patch):
    """Returns the findings about a JSON patch: its target, and the paths in it."""
    target = patch["target"]
    found = [item for item in objects_of(directory, content)
             if item["kind"] == target["kind"] and item["metadata"]["name"] == target["name"]]
    if len(found) != 1:
        return [f"the patch of `{target['kind']}` has {len(found)} targets"]
    findings = []
    for operation in yaml.safe_load(patch["patch"]):
        place = found[0]
        for name in operation["path"].strip("/").split("/"):
            place = place[int(name)] if isinstance(place, list) else (place or {}).get(name)
        if operation["op"] == "replace" and place is None:
            findings.append(f"the patch replaces `{operation['path']}`, which is not there")
    return findings


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
