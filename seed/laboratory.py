"""The laboratory in the seeded data: its devices, their operations and its dates."""

from dataclasses import dataclass
from datetime import datetime

OPENED = datetime(2016, 1, 1)
CLOSED = datetime(2026, 1, 1)
"""The logs cover the ten years from OPENED, inclusive, to CLOSED, exclusive."""

INCIDENT_DAY = datetime(2025, 1, 1)
INCIDENT_RUNS = 240
"""Runs on the incident day. With 500,000 logs, every other day has about 137."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a type of device: its usual duration, and its log messages for success and failure."""

    name: str
    seconds: int
    done: str
    failed: str


@dataclass(frozen=True, slots=True)
class Device:
    number: int
    name: str
    type: str
    status: str = "available"

    @property
    def id(self) -> str:
        return f"device-{self.number:02d}"

    @property
    def operations(self) -> tuple[Operation, ...]:
        return OPERATIONS[self.type]


OPERATIONS = {
    "liquid_handler": (
        Operation("aspirate", 180, "aspirated from 96 wells, no clots detected",
                  "clot detected in channel 3, tip dropped"),
        Operation("dispense", 240, "dispensed 50 ul into 96 wells, volumes verified",
                  "short dispense in column 7, plate set aside"),
        Operation("serial_dilution", 900, "diluted 1:2 over 11 columns, mixed 3 times each",
                  "ran out of tips in column 9, stopped"),
    ),
    "centrifuge": (
        Operation("spin", 600, "spun at 3000 x g for 10 min, rotor balanced",
                  "imbalance at 1200 rpm, rotor stopped"),
        Operation("pellet", 1200, "pelleted at 4000 x g for 20 min at 4 C",
                  "rotor chamber above 10 C, run aborted"),
        Operation("clear_lysate", 900, "cleared lysate at 4000 x g, supernatant kept",
                  "lid lock did not close, run not started"),
    ),
    "thermocycler": (
        Operation("pcr", 2400, "ran 35 cycles, block within 0.2 C of the target",
                  "block 1.8 C off the target in cycle 12, stopped"),
        Operation("anneal", 900, "annealed from 95 C to 25 C at 0.1 C per second",
                  "heated lid below 105 C, run stopped"),
        Operation("heat_inactivate", 600, "held at 80 C for 10 min, cooled to 4 C",
                  "sensor 2 gave no reading, run stopped"),
    ),
    "plate_reader": (
        Operation("absorbance", 120, "read 96 wells at 260 and 280 nm, blanks within range",
                  "blank above 0.2 at 260 nm, read rejected"),
        Operation("fluorescence", 180, "read 96 wells at 485/528 nm, gain 65",
                  "overflow in 14 wells at gain 65, read rejected"),
        Operation("luminescence", 240, "read 96 wells, 1 s integration each",
                  "door opened during the read, read rejected"),
    ),
    "incubator": (
        Operation("incubate", 2700, "incubated at 37 C and 5 percent CO2, within limits",
                  "CO2 fell to 3.1 percent, plate moved out"),
        Operation("shake", 1500, "shook at 600 rpm at 37 C, within limits",
                  "shaker stalled at 240 rpm, run stopped"),
        Operation("cool_down", 1200, "cooled from 37 C to 4 C, within limits",
                  "did not reach 4 C in 30 min, run stopped"),
    ),
    "plate_sealer": (
        Operation("seal", 60, "sealed at 170 C for 2 s, film intact",
                  "film jammed at the cutter, plate not sealed"),
        Operation("peel", 75, "peeled the film, all wells open",
                  "film tore at row H, plate set aside"),
        Operation("pierce", 90, "pierced 96 wells, needles cleaned",
                  "needle 5 bent, run stopped"),
    ),
}  # fmt: skip

DEVICES = (
    Device(1, "Liquid handler A", "liquid_handler"),
    Device(2, "Liquid handler B", "liquid_handler"),
    Device(3, "Liquid handler C", "liquid_handler"),
    Device(4, "Liquid handler D", "liquid_handler"),
    Device(5, "Liquid handler E", "liquid_handler", "maintenance"),
    Device(6, "Centrifuge A", "centrifuge"),
    Device(7, "Centrifuge B", "centrifuge"),
    Device(8, "Centrifuge C", "centrifuge", "offline"),
    Device(9, "Thermocycler A", "thermocycler"),
    Device(10, "Thermocycler B", "thermocycler"),
    Device(11, "Thermocycler C", "thermocycler"),
    Device(12, "Thermocycler D", "thermocycler", "maintenance"),
    Device(13, "Plate reader A", "plate_reader"),
    Device(14, "Plate reader B", "plate_reader"),
    Device(15, "Plate reader C", "plate_reader"),
    Device(16, "Incubator A", "incubator"),
    Device(17, "Incubator B", "incubator"),
    Device(18, "Incubator C", "incubator", "offline"),
    Device(19, "Plate sealer A", "plate_sealer"),
    Device(20, "Plate sealer B", "plate_sealer"),
)
