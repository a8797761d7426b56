"""A release as other clients read it: the component from a registry, and the SBOMs with CycloneDX's own schema."""

from pathlib import Path

import oras.client
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing
from packageurl import PackageURL

from cases import case, main, same

INDEX = "application/vnd.oci.image.index.v1+json"


@case
def pull(given):
    """The component has its own name and matches its manifest."""
    client = oras.client.OrasClient(insecure=True)
    manifest = client.get_manifest(given["reference"])
    same("the type of the configuration", manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json")
    same("the layers' types", [layer["mediaType"] for layer in manifest["layers"]], ["application/wasm"])
    files = client.pull(target=given["reference"], outdir=given["directory"])
    same("the pulled files", [Path(file).name for file in files], ["clawft.wasm"])
    config = client.get_blob(given["reference"], manifest["config"]["digest"]).json()
    same("the architecture", (config["architecture"], config["os"]), ("wasm", "wasip2"))
    same("the layers", config["layerDigests"], [layer["digest"] for layer in manifest["layers"]])
    assert any(name.startswith("wasi:http/") for name in config["component"]["imports"]), config
    assert any(name.startswith("wasi:cli/run@") for name in config["component"]["exports"]), config


@case
def referrers(given):
    """The documents about an image are found, and each names the image as its subject."""
    client = oras.client.OrasClient(insecure=True)
    repository, digest = given["repository"], given["digest"]
    index = client.get_manifest(f"{repository}:{digest.replace(':', '-')}", allowed_media_type=[INDEX])
    same("the type of the list", index["mediaType"], INDEX)
    same("the documents", sorted(entry["artifactType"] for entry in index["manifests"]), given["types"])
    for entry in index["manifests"]:
        manifest = client.get_manifest(f"{repository}@{entry['digest']}", allowed_media_type=[entry["mediaType"]])
        same("the subject", manifest["subject"]["digest"], digest)
        same("the type of the manifest", manifest["artifactType"], entry["artifactType"])
        (layer,) = manifest["layers"]
        document = client.get_blob(f"{repository}@{entry['digest']}", layer["digest"])
        same("the size of the document", len(document.content), layer["size"])
        document.json()


@case
def sbom(given):
    """Each document is valid by the schema, and its licences and package URLs are valid."""
    validator, spdx = JsonStrictValidator(SchemaVersion.V1_6), get_spdx_licensing()
    for name, text in given["documents"].items():
        error = validator.validate_str(text)
        assert error is None, f"{name}: {error}"
        document = given["parsed"][name]
        for component in document["components"] + [document["metadata"]["component"]]:
            for licence in component.get("licenses", []):
                spdx.parse(licence["expression"], validate=True, strict=True)
            if "purl" in component:
                same("a package URL", PackageURL.from_string(component["purl"]).name, package(component))


def package(component):
    """Returns the name in a component's package URL."""
    if component["name"] == "std":
        return "rust"
    named = [of["value"] for of in component.get("properties", []) if of["name"] == "clawft:package"]
    return named[0] if named else component["name"]


if __name__ == "__main__":
    main()
