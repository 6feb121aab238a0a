#!/usr/bin/env python3
"""Writes src/Fairlead.ControlPlane/Protobuf/messages.txt from the message descriptors that a kubectl binary (1.33 or later) carries.

usage: eng/protobuf-messages.py /path/to/kubectl > src/Fairlead.ControlPlane/Protobuf/messages.txt
"""
import sys
import zlib

ROOTS = """
core Namespace Node Pod Service Endpoints ConfigMap Secret ServiceAccount Event Binding
apps Deployment ReplicaSet
networking NetworkPolicy Ingress IngressClass IPAddress ServiceCIDR
discovery EndpointSlice
coordination Lease
events Event
autoscaling Scale
policy Eviction
authorization SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
authentication SelfSubjectReview TokenRequest TokenReview
meta DeleteOptions
"""

# Go structs embedded in others: a message of their own in protobuf, the fields of the outer one in JSON.
INLINE = {"localObjectReference", "volumeSource", "handler", "ephemeralContainerCommon", "ingressRuleValue"}

# Numbers and flags that are pointers in Go: there a zero is a value, elsewhere it is nothing.
POINTERS = set("""
replicas revisionHistoryLimit progressDeadlineSeconds gracePeriodSeconds deletionGracePeriodSeconds terminationGracePeriodSeconds
activeDeadlineSeconds priority tolerationSeconds runAsUser runAsGroup fsGroup defaultMode mode expirationSeconds leaseDurationSeconds
leaseTransitions controller blockOwnerDeletion automountServiceAccountToken enableServiceLinks shareProcessNamespace setHostnameAsFQDN
hostUsers privileged readOnlyRootFilesystem runAsNonRoot allowPrivilegeEscalation optional immutable ready serving terminating
allocateLoadBalancerNodePorts hostProcess started exitCode restartCount allowed orphanDependents
""".split())

SCALARS = {8: "bool", 9: "string", 12: "bytes", 3: "int", 5: "int", 4: "int", 13: "int"}


def varint(data, i):
    value = shift = 0
    while True:
        byte = data[i]
        i += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, i


def fields(data):
    i, found = 0, []
    while i < len(data):
        key, i = varint(data, i)
        if key & 7 == 0:
            value, i = varint(data, i)
        elif key & 7 == 2:
            size, i = varint(data, i)
            value, i = data[i:i + size], i + size
        else:
            size = 4 if key & 7 == 5 else 8
            value, i = data[i:i + size], i + size
        found.append((key >> 3, value))
    return found


def descriptors(binary):
    at = 0
    while (at := binary.find(b"\x1f\x8b\x08", at)) >= 0:
        try:
            stream = zlib.decompressobj(31)
            text = stream.decompress(binary[at:at + 400000])
            if stream.eof and text[:1] == b"\n" and b"k8s.io" in text[:200]:
                yield fields(text)
        except (zlib.error, IndexError):
            pass
        at += 1


def collect(messages, prefix, data):
    parts = fields(data)
    name = prefix + "." + next(value for number, value in parts if number == 1).decode()
    messages[name] = []
    for number, value in parts:
        if number == 2:
            field = dict(fields(value))
            messages[name].append((field[3], field[1].decode(), field[4] == 3, field[5], field.get(6, b"").decode().lstrip(".")))
        elif number == 3:
            collect(messages, name, value)


def short(name):
    parts = name.split(".")
    package = parts[-3] if parts[-2] in ("v1", "v1beta1") else parts[-2]
    return f"{package}.{parts[-1]}"


def main():
    messages = {}
    with open(sys.argv[1], "rb") as file:
        for parts in descriptors(file.read()):
            package = next((value.decode("latin1") for number, value in parts if number == 2), "")
            for number, value in parts:
                if number == 4 and package.startswith("k8s.io"):
                    collect(messages, package, value)
    todo = []
    for line in ROOTS.split("\n"):
        group, *kinds = line.split() or [""]
        base = "k8s.io.apimachinery.pkg.apis.meta.v1" if group == "meta" else f"k8s.io.api.{group}.v1"
        todo += [f"{base}.{kind}" for kind in kinds]
    lines, seen = {}, set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        parts = []
        for number, field, repeated, kind, target in messages[name]:
            field = {"aPIGroup": "apiGroup", "uID": "uid"}.get(field, field)
            mark = ""
            if repeated and target.startswith(name + ".") and target.endswith("Entry"):
                kind, target = next((k, t) for n, _, _, k, t in messages[target] if n == 2)
                mark = "%"
            elif repeated:
                mark = "*"
            elif field in INLINE and kind == 11:
                mark = "^"
            elif field in POINTERS and kind != 11:
                mark = "!"
            if kind == 11:
                todo.append(target)
            parts.append(f"{number}:{field}:{mark}{short(target) if kind == 11 else SCALARS[kind]}")
        lines[short(name)] = " ".join(parts)
    print("# Protobuf messages of the kinds served, one a line: NUMBER:FIELD:TYPE. * list, % map from string, ^ fields of the outer object, ! zero is a value.")
    print("# Written by eng/protobuf-messages.py from kubectl's descriptors (k8s.io/api, Apache-2.0).")
    for name in sorted(lines):
        print(f"{name} {lines[name]}".strip())


main()
