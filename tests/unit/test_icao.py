"""Machine-readable zones by ICAO 9303: the examples of the standard, and what damaged ones say."""

from __future__ import annotations

from datetime import date

import pytest

from wordsight.fields.presets.icao import LAYOUTS, TD1, TD2, check_digit, compose, parse

TODAY = date(2026, 11, 23)
TD3_LINES = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
# Doc 9303 part 5, appendix B, and part 6, appendix B.
TD1_LINES = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]
TD2_LINES = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"]
MRVA_LINES = ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<"]
MRVB_LINES = ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<"]


@pytest.mark.parametrize(("text", "digit"), [("520727", "3"), ("AB2134<<<", "5"), ("L898902C3", "6"), ("", "0")])
def test_check_digits_of_the_standard(text: str, digit: str) -> None:
    assert check_digit(text) == digit


def test_passport() -> None:
    zone = parse(TD3_LINES, TODAY)
    assert (zone.layout, zone.valid) == ("TD3", True)
    assert dict(zone.fields) == {
        "mrz_type": "TD3",
        "document_type": "P",
        "country": "UTO",
        "surname": "ERIKSSON",
        "names": "ANNA MARIA",
        "number": "L898902C3",
        "nationality": "UTO",
        "date_of_birth": "740812",
        "sex": "F",
        "expiration_date": "120415",
        "personal_number": "ZE184226B",
    }
    assert dict(zone.dates) == {"date_of_birth": "1974-08-12", "expiration_date": "2012-04-15"}


@pytest.mark.parametrize(
    ("lines", "layout", "kind"),
    [(TD1_LINES, "TD1", "TD1"), (TD2_LINES, "TD2", "TD2"), (MRVA_LINES, "MRVA", "MRV"), (MRVB_LINES, "MRVB", "MRV")],
)
def test_other_documents(lines: list[str], layout: str, kind: str) -> None:
    zone = parse(lines, TODAY)
    assert (zone.layout, zone.fields["mrz_type"], zone.valid) == (layout, kind, True)
    assert (zone.fields["surname"], zone.fields["names"]) == ("ERIKSSON", "ANNA MARIA")


def test_a_long_number_goes_on_in_the_optional_field() -> None:
    """Doc 9303 part 5, section 4.2.2, note j: a filler stands for the check digit, which comes last."""
    said = compose(TD1, {"document_type": "I", "country": "UTO", "number": "D23145890"})
    digit = check_digit("D23145890734")
    lines = [said[0][:14] + "<734" + digit + "<<<<<<<<<<<", *said[1:]]
    zone = parse(lines, TODAY)
    assert (zone.fields["number"], zone.checks["number"]) == ("D23145890734", True)
    wrong = parse([lines[0].replace("<734", "<735"), *said[1:]], TODAY)
    assert not wrong.checks["number"]


def test_a_long_number_of_td2() -> None:
    said = compose(TD2, {"document_type": "I", "country": "UTO", "number": "D23145890"})
    digit = check_digit("D2314589012")
    zone = parse([said[0], said[1][:9] + "<" + said[1][10:28] + f"12{digit}<<<<" + said[1][35:]], TODAY)
    assert (zone.fields["number"], zone.fields["personal_number"], zone.checks["number"]) == ("D2314589012", "", True)


def test_wrong_check_digits_are_told() -> None:
    zone = parse([TD3_LINES[0], TD3_LINES[1].replace("7408122", "7408123")], TODAY)
    assert not zone.valid
    assert dict(zone.checks) == {
        "number": True,
        "date_of_birth": False,
        "expiration_date": True,
        "personal_number": True,
        "composite": False,
    }


@pytest.mark.parametrize(
    ("birth", "iso"),
    [("261123", "2026-11-23"), ("261124", "1926-11-24"), ("2611<<", "2026-11"), ("99<<<<", "1999"), ("<<<<<<", None),
     ("991399", None)],
)  # fmt: skip
def test_dates_of_birth_lie_in_the_past(birth: str, iso: str | None) -> None:
    lines = compose(LAYOUTS["TD3"], {"document_type": "P", "date_of_birth": birth, "expiration_date": "300101"})
    assert parse(lines, TODAY).dates.get("date_of_birth") == iso


@pytest.mark.parametrize("lines", [[], ["P<UTO"], TD3_LINES[:1], ["x" * 44] * 2, ["<" * 44] * 2, ["é" * 30] * 3])
def test_other_texts_are_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError, match="no machine-readable zone"):
        parse(lines, TODAY)


def test_a_sign_that_no_zone_has_is_refused() -> None:
    with pytest.raises(ValueError, match="personal_number"):
        compose(TD1, {"surname": "ERIKSSON", "personal_number": "é"})
