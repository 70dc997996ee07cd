"""Redis behind TLS and an access list, and Redis watched by Sentinels."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import trustme
from redis import Redis
from redis.sentinel import Sentinel

from sentiq.core.redis import REDIS_AWAY, connect
from tests.support.cluster import LASTING_ROWS, Cluster, check_all_answered, waiting_cluster
from tests.support.processes import WAIT_S, free_port, wait_until
from tests.support.redis_server import RedisServer, has_tls, redis_binary
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

PASSWORD = "correct-horse"
#: As docs/security.md says: the service's own keys and those of its queues, no command that reads or empties all.
ACL = "~sentiq:* ~interactive* ~bulk* ~unacked* ~_kombu.* ~*celery.pidbox* ~celeryev* &* +@all -@dangerous +info"


@pytest.mark.skipif(not has_tls(), reason="this redis-server was built without TLS")
def test_the_service_runs_with_tls_and_an_access_list(tmp_path: Path) -> None:
    ca = trustme.CA()
    certificate = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "redis.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "redis.key")
    server = RedisServer(
        tmp_path,
        {
            "--tls-cert-file": str(tmp_path / "redis.pem"),
            "--tls-key-file": str(tmp_path / "redis.key"),
            "--tls-auth-clients": "no",
            "--aclfile": str(tmp_path / "users.acl"),
        },
        tls=True,
    )
    (tmp_path / "users.acl").write_text(f"user default off\nuser sentiq on >{PASSWORD} {ACL}\n")
    server.reached_by = {
        "redis_url": f"rediss://sentiq:{PASSWORD}@127.0.0.1:{server.port}/0",
        "redis_ca_file": str(tmp_path / "ca.pem"),
    }
    with Cluster(tmp_path, server) as cluster:
        cluster.start()

        check_all_answered(cluster, cluster.submit(sentences(3)), 3)
        check_all_answered(cluster, cluster.submit(sentences(2_000)), 2_000)
        assert cluster.http.get("/readyz").status_code == 200
        assert "NOPERM" not in "".join(p.log.read_text() for p in cluster.processes)


def test_a_failover_loses_no_row(tmp_path: Path) -> None:
    with Sentinels(tmp_path) as sentinels, waiting_cluster(tmp_path, sentinels.master) as cluster:
        cluster.start(interactive=1, bulk=2)
        sentinels.wait_replicated()
        job_id = cluster.submit_lasting()
        wait_until(lambda: cluster.job(job_id)["counts"]["completed"] > 100)
        assert cluster.redis.wait(1, 20_000) == 1, "the replica has the job"
        with connect(cluster.settings.redis_address, patient=True) as patient:
            assert patient.ping()

            sentinels.master.stop(kill=True)

            assert cluster.http.get(f"/api/v1/jobs/{job_id}").json()["code"] == "store_unavailable"
            assert patient.ping(), "who waits with a result finds the new master"
        wait_until(lambda: cluster.http.get(f"/api/v1/jobs/{job_id}").status_code == 200)
        cluster.supervise(job_id)
        check_all_answered(cluster, job_id, LASTING_ROWS)
        assert cluster.http.post("/analyze", json={"text": "恢复了，很好"}).status_code == 200


class Sentinels:
    """A master, a replica and three Sentinels that watch them."""

    def __init__(self, directory: Path) -> None:
        for name in ("master", "replica"):
            (directory / name).mkdir()
        self.master = RedisServer(directory / "master")
        self.replica = RedisServer(directory / "replica")
        self._directory = directory
        self._ports = [free_port() for _ in range(3)]
        self._processes: list[subprocess.Popen[bytes]] = []
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._ports)
        self.master.reached_by = {"redis_url": f"redis+sentinel://{hosts}/mymaster/0"}

    def __enter__(self) -> Sentinels:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        for port in self._ports:
            config = self._directory / f"sentinel-{port}.conf"
            config.write_text(
                f"port {port}\nbind 127.0.0.1\ndir {self._directory}\n"
                f"sentinel monitor mymaster 127.0.0.1 {self.master.port} 2\n"
                # The master starts after them, and a busy machine is no failure: a master that is down is not found.
                "sentinel down-after-milliseconds mymaster 5000\n"
                "sentinel failover-timeout mymaster 5000\n"
            )
            command = [redis_binary(), str(config), "--sentinel"]
            self._processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        self.replica.start()
        with connect(self.replica.settings.redis_address) as replica:
            replica.replicaof("127.0.0.1", self.master.port)

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait(WAIT_S)
        self.replica.stop(kill=True)
        self.master.stop(kill=True)

    def wait_replicated(self) -> None:
        """Each Sentinel knows of the replica and of the others, and the replica has all data.

        A Sentinel that is elected while it knows of no replica has none to make the master.
        """
        sentinels = Sentinel([("127.0.0.1", port) for port in self._ports]).sentinels  # type: ignore[no-untyped-call]

        def knows_all(sentinel: Redis) -> bool:
            state = sentinel.sentinel_master("mymaster")
            assert isinstance(state, dict)
            return bool(state["num-slaves"] == 1 and state["num-other-sentinels"] == 2)

        def ready() -> bool:
            try:
                known = all(map(knows_all, sentinels))
            except REDIS_AWAY:
                return False
            with connect(self.replica.settings.redis_address) as replica:
                return known and replica.info("replication")["master_link_status"] == "up"

        wait_until(ready, message="the Sentinels know each other")
