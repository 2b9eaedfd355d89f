# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job may do through its role: reading data, writing results, keys, networks."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from finetune_sandbox.bedrock import policy
from finetune_sandbox.bedrock.backends import Backends, Role
from finetune_sandbox.bedrock.errors import AwsError, invalid
from finetune_sandbox.bedrock.s3_store import Bucket, S3Store, Version

if TYPE_CHECKING:
    from finetune_sandbox.bedrock.state import Job

_NO_ROLE = (
    "Could not assume provided IAM role. Please verify that the role exists and its trust policy allows assumption by "
    "Bedrock service"
)
_PROBE = ".write_access_check_file.tmp"


def split_uri(uri: str) -> tuple[str, str]:
    """(bucket, key) of an S3 URI."""
    bucket, _unused, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


class Access:
    """Answers for one account; everything it refuses is an AwsError."""

    def __init__(self, account: str, s3: S3Store, backends: Backends) -> None:
        self._account, self._s3, self._backends = account, s3, backends

    # The role

    def assumed(self, role_arn: str, job_arn: str, wait: float) -> Role:
        """The role, if Bedrock may take it on. wait: virtual seconds until a change of the role is seen everywhere."""
        role = self._backends.role(role_arn)
        if role is None or self._backends.role_age(role.name) < wait:
            raise invalid(_NO_ROLE)
        context = {"aws:SourceAccount": self._account, "aws:SourceArn": job_arn}
        service = {"Service": "bedrock.amazonaws.com"}
        if policy.decision([role.trust], "sts:AssumeRole", role_arn, context, service) != "allow":
            raise invalid(_NO_ROLE)
        return role

    def _allowed(self, role: Role, action: str, resource: str, bucket: Bucket | None = None) -> bool:
        context = {"aws:PrincipalAccount": self._account, "aws:PrincipalArn": role.arn, "aws:SecureTransport": "true"}
        if bucket is not None:
            context["s3:ResourceAccount"] = context["aws:ResourceAccount"] = self._account
        principal = {"AWS": role.arn}
        own = policy.decision(role.policies, action, resource, context, principal)
        if role.boundary is not None and own == "allow":
            own = policy.decision([role.boundary], action, resource, context, principal)
        theirs = "none"
        if bucket is not None and "policy" in bucket.documents:
            document = policy.parsed(bucket.documents["policy"].decode("utf-8", "replace"))
            theirs = policy.decision([document], action, resource, context, principal)
        return "deny" not in {own, theirs} and "allow" in {own, theirs}

    # Data

    def _bucket(self, name: str, region: str, failure: str) -> Bucket:
        bucket = self._s3.buckets.get(name)
        if bucket is None:
            raise invalid(failure)
        if bucket.region != region:
            raise invalid(f"The bucket {name} is in {bucket.region}. It must be in the Region of the job, {region}.")
        return bucket

    def _listable(self, role: Role, name: str, region: str, failure: str) -> Bucket:
        """A bucket that the role may list."""
        bucket = self._bucket(name, region, failure)
        if not self._allowed(role, "s3:ListBucket", f"arn:aws:s3:::{name}", bucket):
            raise invalid(f"Could not validate ListBucket permissions to access Amazon S3 bucket: {name}")
        return bucket

    def readable(self, role: Role, uri: str, region: str) -> Version:
        """The object at a URI, which the role may read."""
        name, key = split_uri(uri)
        failure = f"Could not validate GetObject permissions to access Amazon S3 bucket: {name} at key {key}"
        with self._s3.lock:
            bucket = self._listable(role, name, region, failure)
            found = bucket.current(key) if key else None
            if found is None or key.endswith("/"):
                if not key or key.endswith("/") or next(bucket.keys_from(key + "/"), None) is not None:
                    raise invalid(f"Invalid Amazon S3 URI {uri} (Uri should be a file, not a directory)")
                raise invalid(failure)
            self._check_get(role, bucket, found, failure)
            return found

    def _check_get(self, role: Role, bucket: Bucket, version: Version, failure: str) -> None:
        if not self._allowed(role, "s3:GetObject", f"arn:aws:s3:::{bucket.name}/{version.key}", bucket):
            raise invalid(failure)
        key = version.kms_key
        if key is not None and ":alias/aws/" not in key and not self._allowed(role, "kms:Decrypt", key):
            raise invalid(f"{failure}. The role cannot use the KMS key {key} (kms:Decrypt).")

    def logs(self, role: Role, uri: str, region: str) -> list[Version]:
        """The objects with invocation logs below a URI."""
        name, prefix = split_uri(uri)
        failure = f"Could not validate GetObject permissions to access Amazon S3 bucket: {name} at key {prefix}"
        with self._s3.lock:
            bucket = self._listable(role, name, region, failure)
            found = [version for key in bucket.keys_from(prefix) if (version := bucket.current(key)) is not None]
            found = [version for version in found if version.key.endswith((".json", ".jsonl", ".json.gz"))]
            if not found:
                raise invalid(f"There are no invocation logs at {uri}")
            for version in found:
                self._check_get(role, bucket, version, failure)
            return found

    def media_problem(self, role: Role, uri: str, region: str, same_bucket: str) -> str | None:
        """What is wrong with an image or video that a record names."""
        name, key = split_uri(uri)
        if name != same_bucket:
            return f"{uri} must be in the bucket of the training data, {same_bucket}"
        try:
            self.readable(role, uri, region)
        except AwsError as error:
            return error.message
        return None

    # Results

    def writable(self, role: Role, uri: str, region: str) -> None:
        """Write and remove the file with which Bedrock tries its access to the output."""
        name, prefix = split_uri(uri)
        key = _joined(prefix, _PROBE)
        failure = (
            "Amazon S3 perms missing (PutObject): Could not validate PutObject permissions to access "
            f"Amazon S3 bucket: {name} at key {key}"
        )
        with self._s3.lock:
            bucket = self._bucket(name, region, failure)
            if not self._allowed(role, "s3:PutObject", f"arn:aws:s3:::{name}/{key}", bucket):
                raise invalid(failure)
            self._s3.put_bytes(bucket, key, b"", "application/octet-stream")
            self._s3.delete(bucket, key, None)

    def write_output(self, job: Job, region: str, path: str, content: bytes) -> None:
        """A file of results, written through the job's role as it is now."""
        name, prefix = split_uri(job.request["outputDataConfig"]["s3Uri"])
        key = _joined(prefix, f"model-customization-job-{job.id}/{path}")
        failure = f"Amazon S3 perms missing (PutObject): Could not write to Amazon S3 bucket: {name} at key {key}"
        role = self._backends.role(job.request["roleArn"])
        with self._s3.lock:
            bucket = self._bucket(name, region, failure)
            if role is None or not self._allowed(role, "s3:PutObject", f"arn:aws:s3:::{name}/{key}", bucket):
                raise invalid(failure)
            self._s3.put_bytes(bucket, key, content, "text/csv")

    # Keys and networks

    def kms_key(self, key: str, region: str) -> str:
        """The ARN of the key for a model."""
        try:
            return self._backends.kms_key(key, region)
        except AwsError as error:
            raise invalid(f"The provided KMS key {key} is invalid or cannot be used: {error.message}") from error

    def network(self, role: Role, subnets: list[str], groups: list[str], region: str) -> None:
        """Subnets and security groups exist, in one VPC, and the role may work in it."""
        for what, ids in (("subnetIds", subnets), ("securityGroupIds", groups)):
            if len(set(ids)) != len(ids):
                raise invalid(f"vpcConfig.{what} has the same id twice.")
        try:
            vpcs = set(self._backends.subnet_vpcs(subnets, region)) | set(self._backends.group_vpcs(groups, region))
        except AwsError as error:
            raise invalid(f"The provided VPC configuration is invalid: {error.message}") from error
        if len(vpcs) != 1:
            raise invalid(
                "The provided VPC configuration is invalid: all subnets and security groups must be in one VPC."
            )
        if not self._allowed(
            role, "ec2:CreateNetworkInterface", f"arn:aws:ec2:{region}:{self._account}:network-interface/*"
        ):
            raise invalid("The provided IAM role lacks permissions for the VPC (ec2:CreateNetworkInterface).")


def _joined(prefix: str, name: str) -> str:
    return f"{prefix.rstrip('/')}/{name}" if prefix.strip("/") else name


def log_lines(versions: list[Version]) -> Iterator[bytes]:
    """The content of invocation logs, uncompressed, one object after the other."""
    for version in versions:
        if not version.key.endswith(".gz"):
            yield from version.read()
        else:
            try:
                yield gzip.decompress(b"".join(version.read()))
            except (OSError, EOFError, zlib.error):
                yield b"(not gzip)"
        yield b"\n" if _open_ended(version) else b""


def _open_ended(version: Version) -> bool:
    if version.key.endswith(".gz") or not version.size:
        return False
    return b"".join(version.read(version.size - 1)) != b"\n"
