#!/usr/bin/python3
"""Reads the text format of Prometheus from standard input with Prometheus' own client
library and writes it as JSON: a list of families with their samples.

Debian: python3-prometheus-client.
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = [
    {
        "name": family.name,
        "type": family.type,
        "help": family.documentation,
        "samples": [
            {"name": sample.name, "labels": sample.labels, "value": str(sample.value)}
            for sample in family.samples
        ],
    }
    for family in text_string_to_metric_families(sys.stdin.read())
]
json.dump(families, sys.stdout)
