"""Customers, orders and loyalty points: exact, fast, a pleasure to read.

Every name is found here and loaded when it is first used:

    import custseg as cu
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from custseg import datasets as datasets
    from custseg.actions.limit import Limit as Limit
    from custseg.actions.plan import Plan as Plan
    from custseg.actions.playbook import Playbook as Playbook
    from custseg.actions.strategy import Strategy as Strategy
    from custseg.base.customer_base import CustomerBase as CustomerBase
    from custseg.base.measure import Measure as Measure
    from custseg.errors import CustsegError as CustsegError
    from custseg.errors import FitError as FitError
    from custseg.errors import LedgerError as LedgerError
    from custseg.errors import MissingExtra as MissingExtra
    from custseg.errors import Problem as Problem
    from custseg.errors import RowError as RowError
    from custseg.errors import RuleError as RuleError
    from custseg.errors import SchemaError as SchemaError
    from custseg.insights.profile import Profile as Profile
    from custseg.insights.profile import profile as profile
    from custseg.loyalty.also import Also as Also
    from custseg.loyalty.analysis import ProgramAnalysis as ProgramAnalysis
    from custseg.loyalty.boost import Boost as Boost
    from custseg.loyalty.cap import Cap as Cap
    from custseg.loyalty.care import Anniversary as Anniversary
    from custseg.loyalty.care import Birthday as Birthday
    from custseg.loyalty.care import Holiday as Holiday
    from custseg.loyalty.comparison import Comparison as Comparison
    from custseg.loyalty.deferred_revenue import DeferredRevenue as DeferredRevenue
    from custseg.loyalty.deferred_revenue import deferred_revenue as deferred_revenue
    from custseg.loyalty.earn import Earn as Earn
    from custseg.loyalty.expiry import Expiry as Expiry
    from custseg.loyalty.explanation import Explanation as Explanation
    from custseg.loyalty.kpis import Kpis as Kpis
    from custseg.loyalty.ladder import Ladder as Ladder
    from custseg.loyalty.ledger import Ledger as Ledger
    from custseg.loyalty.liability import Liability as Liability
    from custseg.loyalty.program import Program as Program
    from custseg.loyalty.programs import Programs as Programs
    from custseg.loyalty.quote import Quote as Quote
    from custseg.loyalty.redemption import Redemption as Redemption
    from custseg.loyalty.refunds import Refunds as Refunds
    from custseg.loyalty.reward import Reward as Reward
    from custseg.loyalty.statement import Statement as Statement
    from custseg.loyalty.vouchers import voucher_code as voucher_code
    from custseg.model.measure_name import MeasureName as MeasureName
    from custseg.model.nouns import Customer as Customer
    from custseg.model.nouns import Entry as Entry
    from custseg.model.nouns import Event as Event
    from custseg.model.nouns import Feedback as Feedback
    from custseg.model.nouns import Opportunity as Opportunity
    from custseg.model.nouns import Order as Order
    from custseg.model.nouns import OrderLine as OrderLine
    from custseg.model.nouns import Ticket as Ticket
    from custseg.model.window import During as During
    from custseg.model.window import Window as Window
    from custseg.plots.plot import plot as plot
    from custseg.rules.rule import Rule as Rule
    from custseg.schema.collapse import collapse as collapse
    from custseg.schema.record import column as column
    from custseg.schema.record import record as record
    from custseg.schema.rejected import Rejected as Rejected
    from custseg.schema.source import minor_units as minor_units
    from custseg.schema.table import Table as Table
    from custseg.schema.table import table as table
    from custseg.scoring.churn_labels import churn_labels as churn_labels
    from custseg.scoring.churn_model import ChurnFit as ChurnFit
    from custseg.scoring.churn_model import ChurnModel as ChurnModel
    from custseg.scoring.churn_risk import ChurnRisk as ChurnRisk
    from custseg.scoring.churn_risk import ChurnRiskFit as ChurnRiskFit
    from custseg.scoring.churn_test import ChurnTest as ChurnTest
    from custseg.scoring.churn_test import ChurnThreshold as ChurnThreshold
    from custseg.scoring.clv import CLV as CLV
    from custseg.scoring.clv_fit import CLVFit as CLVFit
    from custseg.scoring.engagement import Engagement as Engagement
    from custseg.scoring.gamma_gamma import GammaGamma as GammaGamma
    from custseg.scoring.history import history as history
    from custseg.scoring.log_rank import LogRank as LogRank
    from custseg.scoring.purchase_fit import PurchaseFit as PurchaseFit
    from custseg.scoring.purchase_holdout import Holdout as Holdout
    from custseg.scoring.purchase_matrix import PurchaseMatrix as PurchaseMatrix
    from custseg.scoring.purchase_models import BGBB as BGBB
    from custseg.scoring.purchase_models import BGNBD as BGNBD
    from custseg.scoring.purchase_models import MBGNBD as MBGNBD
    from custseg.scoring.purchase_models import NBD as NBD
    from custseg.scoring.purchase_models import ParetoNBD as ParetoNBD
    from custseg.scoring.purchase_tracking import Tracking as Tracking
    from custseg.scoring.retention import RetentionFit as RetentionFit
    from custseg.scoring.retention import ShiftedBetaGeometric as ShiftedBetaGeometric
    from custseg.scoring.spend_fit import SpendFit as SpendFit
    from custseg.scoring.survival import Survival as Survival
    from custseg.scoring.survival import survival as survival
    from custseg.scoring.win_back import WinBack as WinBack
    from custseg.segments.abc import ABC as ABC
    from custseg.segments.abc_lorenz import Lorenz as Lorenz
    from custseg.segments.abc_scheme import ABCScheme as ABCScheme
    from custseg.segments.bands import Bands as Bands
    from custseg.segments.clusters import Clusters as Clusters
    from custseg.segments.clusters_scheme import ClustersScheme as ClustersScheme
    from custseg.segments.flow import Flow as Flow
    from custseg.segments.gaps import Gaps as Gaps
    from custseg.segments.grid import Grid as Grid
    from custseg.segments.lifecycle import Lifecycle as Lifecycle
    from custseg.segments.rfm import RFM as RFM
    from custseg.segments.rfm_scheme import RFMScheme as RFMScheme
    from custseg.segments.rule_analysis import RuleAnalysis as RuleAnalysis
    from custseg.segments.rule_book import RuleBook as RuleBook
    from custseg.segments.scheme import Scheme as Scheme
    from custseg.segments.segmentation import Segmentation as Segmentation
    from custseg.segments.tags import Tags as Tags
    from custseg.segments.track import Track as Track
    from custseg.segments.track import track as track

_HOME = {
    "Limit": "actions.limit",
    "Plan": "actions.plan",
    "Playbook": "actions.playbook",
    "Strategy": "actions.strategy",
    "CustomerBase": "base.customer_base",
    "Measure": "base.measure",
    "CustsegError": "errors",
    "FitError": "errors",
    "LedgerError": "errors",
    "MissingExtra": "errors",
    "Problem": "errors",
    "RowError": "errors",
    "RuleError": "errors",
    "SchemaError": "errors",
    "Profile": "insights.profile",
    "profile": "insights.profile",
    "Also": "loyalty.also",
    "ProgramAnalysis": "loyalty.analysis",
    "Boost": "loyalty.boost",
    "Cap": "loyalty.cap",
    "Anniversary": "loyalty.care",
    "Birthday": "loyalty.care",
    "Holiday": "loyalty.care",
    "Comparison": "loyalty.comparison",
    "DeferredRevenue": "loyalty.deferred_revenue",
    "deferred_revenue": "loyalty.deferred_revenue",
    "Earn": "loyalty.earn",
    "Expiry": "loyalty.expiry",
    "Explanation": "loyalty.explanation",
    "Kpis": "loyalty.kpis",
    "Ladder": "loyalty.ladder",
    "Ledger": "loyalty.ledger",
    "Liability": "loyalty.liability",
    "Program": "loyalty.program",
    "Programs": "loyalty.programs",
    "Quote": "loyalty.quote",
    "Redemption": "loyalty.redemption",
    "Refunds": "loyalty.refunds",
    "Reward": "loyalty.reward",
    "Statement": "loyalty.statement",
    "voucher_code": "loyalty.vouchers",
    "MeasureName": "model.measure_name",
    "Customer": "model.nouns",
    "Entry": "model.nouns",
    "Event": "model.nouns",
    "Feedback": "model.nouns",
    "Opportunity": "model.nouns",
    "Order": "model.nouns",
    "OrderLine": "model.nouns",
    "Ticket": "model.nouns",
    "During": "model.window",
    "Window": "model.window",
    "plot": "plots.plot",
    "Rule": "rules.rule",
    "collapse": "schema.collapse",
    "column": "schema.record",
    "record": "schema.record",
    "Rejected": "schema.rejected",
    "minor_units": "schema.source",
    "Table": "schema.table",
    "table": "schema.table",
    "churn_labels": "scoring.churn_labels",
    "ChurnModel": "scoring.churn_model",
    "ChurnFit": "scoring.churn_model",
    "ChurnRisk": "scoring.churn_risk",
    "ChurnRiskFit": "scoring.churn_risk",
    "ChurnTest": "scoring.churn_test",
    "ChurnThreshold": "scoring.churn_test",
    "CLV": "scoring.clv",
    "CLVFit": "scoring.clv_fit",
    "Engagement": "scoring.engagement",
    "GammaGamma": "scoring.gamma_gamma",
    "history": "scoring.history",
    "LogRank": "scoring.log_rank",
    "PurchaseFit": "scoring.purchase_fit",
    "Holdout": "scoring.purchase_holdout",
    "PurchaseMatrix": "scoring.purchase_matrix",
    "BGNBD": "scoring.purchase_models",
    "MBGNBD": "scoring.purchase_models",
    "ParetoNBD": "scoring.purchase_models",
    "NBD": "scoring.purchase_models",
    "BGBB": "scoring.purchase_models",
    "Tracking": "scoring.purchase_tracking",
    "ShiftedBetaGeometric": "scoring.retention",
    "RetentionFit": "scoring.retention",
    "SpendFit": "scoring.spend_fit",
    "survival": "scoring.survival",
    "Survival": "scoring.survival",
    "WinBack": "scoring.win_back",
    "ABC": "segments.abc",
    "Lorenz": "segments.abc_lorenz",
    "ABCScheme": "segments.abc_scheme",
    "Bands": "segments.bands",
    "Clusters": "segments.clusters",
    "ClustersScheme": "segments.clusters_scheme",
    "Flow": "segments.flow",
    "Gaps": "segments.gaps",
    "Grid": "segments.grid",
    "Lifecycle": "segments.lifecycle",
    "RFM": "segments.rfm",
    "RFMScheme": "segments.rfm_scheme",
    "RuleAnalysis": "segments.rule_analysis",
    "RuleBook": "segments.rule_book",
    "Scheme": "segments.scheme",
    "Segmentation": "segments.segmentation",
    "Tags": "segments.tags",
    "Track": "segments.track",
    "track": "segments.track",
}

__version__ = "0.1.0"
_MODULES = ("datasets",)
# The names are texts: the keys of a table.
__all__ = [*_HOME, *_MODULES, "__version__"]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    """Load a name when it is first used (PEP 562)."""
    if name in _MODULES:
        return importlib.import_module(f"custseg.{name}")
    home = _HOME.get(name)
    if home is None:
        message = f"module 'custseg' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f"custseg.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """All public names, loaded or not."""
    return sorted(__all__)
