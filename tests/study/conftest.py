import pytest
from setups.studies import OWN

from experiments.main import run


@pytest.fixture
def sweep(tmp_path, monkeypatch, capsys):
    """Return a function that runs the command in a folder of its own and returns what it printed, on one line."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments, word="sweep", serial=True, status=0):
        capsys.readouterr()
        how = ("executor=serial",) if serial else ()
        given = (*(("study=mine",) if word == "sweep" and not any(a.startswith("study=") for a in arguments) else ()),)
        own = OWN if (tmp_path / "mine").exists() else ()
        arguments = [*given, *own, *how, *arguments]
        if status == 0:
            assert run(word, arguments) == 0
            return " ".join(capsys.readouterr().out.split())
        with pytest.raises(SystemExit) as end:
            run(word, arguments)
        assert end.value.code == status
        told = capsys.readouterr().err
        assert told.startswith("wangge: ")
        assert told.count("\n") == 1
        return told

    return command
