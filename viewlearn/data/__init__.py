"""Data: their description, samples with labels per task, and loaders with a reproducible order."""

from viewlearn.data.agreement import Sight, check_agreement
from viewlearn.data.check import check_data, unanswerable
from viewlearn.data.dataset import ArrayDataset, Batch, Data, Dataset, NoSplit, Split, in_memory, take
from viewlearn.data.given import as_data
from viewlearn.data.labels import check_labels
from viewlearn.data.loaders import DeviceLoader, Loader
from viewlearn.data.order import order
from viewlearn.data.spec import DataSpec
from viewlearn.data.unreadable import Unreadable, report_unreadable
from viewlearn.data.workers import WorkerLoader, make_loader

__all__ = [
    "ArrayDataset",
    "Batch",
    "Data",
    "DataSpec",
    "Dataset",
    "DeviceLoader",
    "Loader",
    "NoSplit",
    "Sight",
    "Split",
    "Unreadable",
    "WorkerLoader",
    "as_data",
    "check_agreement",
    "check_data",
    "check_labels",
    "in_memory",
    "make_loader",
    "order",
    "report_unreadable",
    "take",
    "unanswerable",
]
