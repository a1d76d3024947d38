import pytest

from cxrclf.datasets._csv_table import read_csv_table

HINT = "Pass another folder."


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "metadata.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_names_and_values_are_cleaned(write):
    path = write('Patientid, URL,"pO2 saturation",\r\n 1 ,"a,\nb" ,90\r\n,,\r\n2\r\n')
    assert read_csv_table(path, ["patientid", "url"], HINT) == [
        {"patientid": "1", "url": "a,\nb", "po2_saturation": "90", "": ""},
        {"patientid": "2", "url": "", "po2_saturation": "", "": ""},
    ]


def test_first_of_two_columns_with_one_name(write):
    assert read_csv_table(write("a,A ,b\n1,2,3\n"), ["a"], HINT) == [
        {"a": "1", "b": "3"}
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encodings(write, encoding):
    table = read_csv_table(write("née,b\n38°,é\n", encoding), ["née"], HINT)
    assert table == [{"née": "38°", "b": "é"}]


def test_missing_columns_are_named(write):
    with pytest.raises(
        ValueError, match=r"no column 'c', 'd'\. Its columns are: 'a', 'b'\. Pass"
    ):
        read_csv_table(write("a,b\n1,2\n"), ["a", "c", "d"], HINT)


def test_empty_tables(write):
    with pytest.raises(ValueError, match="columns are: none. Pass another"):
        read_csv_table(write(""), ["a"], HINT)
    with pytest.raises(ValueError, match="has no rows below its header. Pass another"):
        read_csv_table(write("a,b\n,\n"), ["a"], HINT)


def test_file_that_is_no_table(write):
    with pytest.raises(ValueError, match="is no CSV table: .*Pass another"):
        read_csv_table(write("a,b\n" + "x" * 200_000 + "\n"), ["a"], HINT)
