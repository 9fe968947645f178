"""What every container is denied, whatever its image and its job ask for."""

from __future__ import annotations

from clary.compute.containers.running import container_config
from clary.compute.contract import Program


def test_a_container_can_gain_nothing_and_make_neither_devices_nor_packets_of_others() -> None:
    host = container_config("image", Program(image="image"), {}, 1, 1 << 30)["HostConfig"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert {"NET_RAW", "MKNOD"} <= set(host["CapDrop"])
    assert not {"Privileged", "CapAdd", "Devices", "PidMode"} & set(host)
    assert host["Memory"] == host["MemorySwap"] == 1 << 30
