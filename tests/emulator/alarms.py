"""A model of how CloudWatch evaluates an alarm, minute by minute, when data is missing. The emulator does not evaluate alarms.

It follows "Configuring how CloudWatch alarms treat missing data", "Alarm evaluation window" and "Using metric math" of the
CloudWatch User Guide. The guide leaves two things open, so a rule must hold for every choice of them: how many datapoints
beyond its evaluation periods an alarm retrieves (`extra`), and whether FILL also fills in a metric that has no datapoint
at all in that time (`fills_nothing`).
"""

import itertools

MINUTE = 60
EXTRA = range(7)
STATISTICS = {"Sum": sum, "Maximum": max, "Minimum": min, "SampleCount": len, "Average": lambda values: sum(values) / len(values)}
COMPARISONS = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


def state(datapoints, periods, to_alarm, missing, before):
    """The state after one evaluation. Datapoints, the newest first: True if breaching, None if missing."""
    real = [datapoint for datapoint in datapoints if datapoint is not None]
    # Real datapoints from further back take precedence over missing ones.
    counted = real[:periods]
    absent = periods - len(counted)
    if absent and missing == "ignore":
        return "ALARM" if sum(counted) >= to_alarm else before
    counted += [missing == "breaching"] * absent
    return "ALARM" if sum(counted) >= to_alarm else "OK"


class Alarm:
    """An alarm of the template on one metric, with or without FILL."""

    def __init__(self, properties, threshold):
        metric, self.fill = properties, None
        if "Metrics" in properties:
            stats = [one["MetricStat"] for one in properties["Metrics"] if "MetricStat" in one]
            expression = next(str(one["Expression"]) for one in properties["Metrics"] if "Expression" in one)
            if stats:
                metric = {**stats[0], **stats[0]["Metric"], "Statistic": stats[0]["Stat"]}
                self.fill = float(expression.split(",")[1].strip(" )"))
            else:
                metric = {"Period": properties["Metrics"][0]["Period"], "Statistic": "Average"}
        self.namespace = metric.get("Namespace")
        # The samples of a metric are all equal here, so any statistic serves as a percentile.
        self.statistic = STATISTICS.get(metric.get("Statistic"), max)
        self.period = metric["Period"]
        self.periods = properties["EvaluationPeriods"]
        self.to_alarm = properties.get("DatapointsToAlarm", self.periods)
        self.missing = properties["TreatMissingData"]
        self.breaches = lambda value: COMPARISONS[properties["ComparisonOperator"]](value, threshold)

    def window(self):
        """Seconds of data that the alarm needs to detect a fault."""
        return self.period * self.periods

    def choices(self):
        """Every combination of what the documentation leaves open."""
        # One AWS page says that alarms on this namespace ignore missing data whatever TreatMissingData says.
        missing = {self.missing, "ignore"} if self.namespace == "AWS/DynamoDB" else {self.missing}
        return itertools.product(EXTRA, (True, False), sorted(missing))

    def run(self, samples, end, extra, fills_nothing, missing):
        """(time, state) each minute until `end`, for samples of (time, value)."""
        current = "INSUFFICIENT_DATA"
        for now in range(0, end + 1, MINUTE):
            windows = []
            for back in range(self.periods + extra):
                last = now - back * self.period
                values = [value for at, value in samples if last - self.period < at <= last]
                windows.append(self.statistic(values) if values else None)
            if self.fill is not None and (fills_nothing or any(value is not None for value in windows)):
                windows = [self.fill if value is None else value for value in windows]
            datapoints = [None if value is None else self.breaches(value) for value in windows]
            current = state(datapoints, self.periods, self.to_alarm, missing, current)
            yield now, current


# The tables of "How alarm state is evaluated when data is missing": oldest first, 0 within and X beyond the threshold.
# Three periods of which three or two must breach, in a range of five; then the state with missing data breaching, and not.
TABLES = [
    (3, "0-X-X", "OK", "OK"),
    (3, "----0", "OK", "OK"),
    (3, "-----", "ALARM", "OK"),
    (3, "0XX-X", "ALARM", "ALARM"),
    (3, "--X--", "ALARM", "OK"),
    (2, "0-X-X", "ALARM", "ALARM"),
    (2, "00X0X", "ALARM", "ALARM"),
    (2, "0-X--", "ALARM", "OK"),
    (2, "----0", "ALARM", "OK"),
    (2, "----X", "ALARM", "OK"),
]


def agrees_with_the_manual():
    """Differences between the model and AWS's own tables."""
    for to_alarm, drawn, breaching, not_breaching in TABLES:
        datapoints = [{"0": False, "X": True, "-": None}[sign] for sign in reversed(drawn)]
        for missing, expected in (("breaching", breaching), ("notBreaching", not_breaching)):
            if (found := state(datapoints, 3, to_alarm, missing, "OK")) != expected:
                yield f"{to_alarm} of 3, {drawn}, {missing}: {found}, and AWS says {expected}"
