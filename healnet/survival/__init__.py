"""Discrete-time survival: bins, hazards, the loss, curves, strata and metrics."""

from healnet.survival.concordance import Interval as Interval
from healnet.survival.concordance import bootstrap_concordance as bootstrap_concordance
from healnet.survival.concordance import concordance as concordance
from healnet.survival.concordance import concordance_interval as concordance_interval
from healnet.survival.concordance import uno_concordance as uno_concordance
from healnet.survival.hazards import hazards_from_logits as hazards_from_logits
from healnet.survival.hazards import risk_from_logits as risk_from_logits
from healnet.survival.hazards import survival_from_logits as survival_from_logits
from healnet.survival.kaplan_meier import KaplanMeier as KaplanMeier
from healnet.survival.kaplan_meier import Median as Median
from healnet.survival.kaplan_meier import RiskTable as RiskTable
from healnet.survival.kaplan_meier import kaplan_meier as kaplan_meier
from healnet.survival.landmarks import survival_at as survival_at
from healnet.survival.log_rank import LogRank as LogRank
from healnet.survival.log_rank import log_rank as log_rank
from healnet.survival.loss import discrete_hazard_nll as discrete_hazard_nll
from healnet.survival.loss import survival_cross_entropy as survival_cross_entropy
from healnet.survival.loss import survival_nll as survival_nll
from healnet.survival.outcome import check_outcome as check_outcome
from healnet.survival.outcome import event_notices as event_notices
from healnet.survival.risk_groups import RiskGroups as RiskGroups
from healnet.survival.risk_groups import risk_percentile as risk_percentile
from healnet.survival.time_bins import TimeBins as TimeBins
