"""Wire credits: which news agency a text says it comes from, and where it says so."""

from dedup.text.credit.agencies import RANK, Agency, Tier
from dedup.text.credit.agency_file import agencies_json, load_agencies
from dedup.text.credit.batch import agency_outlets, find_credits, site_agencies
from dedup.text.credit.evidence import Credit
from dedup.text.credit.find import FINDER, find_credit
from dedup.text.credit.names import HEAD, TAIL
from dedup.text.credit.site import is_agency_outlet

__all__ = [
    "FINDER",
    "HEAD",
    "RANK",
    "TAIL",
    "Agency",
    "Credit",
    "Tier",
    "agencies_json",
    "agency_outlets",
    "find_credit",
    "find_credits",
    "is_agency_outlet",
    "load_agencies",
    "site_agencies",
]
