<?xml version="1.0" encoding="utf-8"?>
<!-- ISTP CDF files by DaCHS's own cdfHeaderGrammar, which reads global attributes and no variable: times and spectral
  range stay empty. The peer of the toolkit's grammar `istp` in tests/bench. Needs spacepy. -->
<resource schema="dachs_istp" resdir="dachs_istp">
  <meta name="creationDate">2024-03-01T00:00:00</meta>
  <meta name="title">Electric field spectra</meta>
  <meta name="description">Dynamic spectra in small CDF files, one granule a file.</meta>
  <meta name="creator">Nobody</meta>
  <meta name="subject">solar-system-astronomy</meta>

  <table id="epn_core" onDisk="True" adql="True" primary="granule_uid">
    <mixin spatial_frame_type="none"
      optional_columns="access_url access_format access_estsize file_name bib_reference datalink_url messenger
        target_region feature_name time_refposition time_scale measurement_unit"
    >//epntap2#table-2_0</mixin>
    <index columns="target_name, time_min, time_max"/>
    <index columns="time_min, time_max"/>
    <index columns="spectral_range_min, spectral_range_max"/>
    <index columns="dataproduct_type"/>
    <index columns="obs_id"/>
  </table>

  <data id="import">
    <sources pattern="data/*.cdf"/>
    <cdfHeaderGrammar autoAtomize="True">
      <rowfilter name="file">
        <code>
          about = os.stat(rowIter.sourceToken)
          row["name"] = os.path.basename(rowIter.sourceToken)
          row["stem"] = row["name"].rpartition(".")[0]
          row["modified"] = datetime.datetime.utcfromtimestamp(int(about.st_mtime))
          row["kbyte"] = -(-about.st_size // 1024)
          yield row
        </code>
      </rowfilter>
    </cdfHeaderGrammar>
    <make table="epn_core">
      <rowmaker idmaps="*">
        <apply procDef="//epntap2#populate-2_0" name="fillepn">
          <bind key="granule_uid">@stem</bind>
          <bind key="granule_gid">"spectra"</bind>
          <bind key="obs_id">@stem</bind>
          <bind key="dataproduct_type">"ds"</bind>
          <bind key="measurement_type">"phys.electField;em.radio"</bind>
          <bind key="processing_level">2</bind>
          <bind key="target_name">"Jupiter"</bind>
          <bind key="target_class">"planet"</bind>
          <bind key="instrument_host_name">@Source_name.replace("&gt;", "#")</bind>
          <bind key="instrument_name">@Descriptor.replace("&gt;", "#")</bind>
          <bind key="service_title">"dachs_istp"</bind>
          <bind key="creation_date">parseDate(@Generation_date, "%Y-%m-%d")</bind>
          <bind key="modification_date">@modified</bind>
          <bind key="release_date">parseDate(@Generation_date, "%Y-%m-%d")</bind>
          <bind key="time_scale">"UTC"</bind>
          <bind key="time_refposition">"Voyager 1"</bind>
          <bind key="target_region">"Magnetosphere"</bind>
        </apply>
        <map key="access_url">"https://data.example.org/istp/"+@name</map>
        <map key="access_format">"application/x-cdf"</map>
        <map key="access_estsize">@kbyte</map>
        <map key="file_name">@name</map>
        <map key="bib_reference">@DOI</map>
        <map key="messenger">"Radio"</map>
        <map key="feature_name">"radio emissions"</map>
        <map key="measurement_unit">"V**2/m**2/Hz"</map>
        <map key="datalink_url">"\getConfig{web}{serverURL}/\rdId/dl/dlmeta?ID="+urllib.parse.quote_plus(@stem)</map>
      </rowmaker>
    </make>
  </data>
</resource>
