<?xml version="1.0" encoding="utf-8"?>
<!-- e-CALLISTO by the means of DaCHS alone: the peer of the toolkit's grammar in tests/bench. -->
<resource schema="dachs_ecallisto" resdir="dachs_ecallisto">
  <meta name="creationDate">2024-03-01T00:00:00</meta>
  <meta name="title">e-CALLISTO solar radio spectrograms</meta>
  <meta name="description">Dynamic spectra of solar radio bursts, one granule a file.</meta>
  <meta name="creator">Monstein, C.</meta>
  <meta name="subject">solar-physics</meta>

  <table id="epn_core" onDisk="True" adql="True" primary="granule_uid">
    <mixin spatial_frame_type="none"
      optional_columns="access_url access_format access_estsize thumbnail_url file_name datalink_url publisher
        processing_level_desc messenger time_refposition time_scale measurement_unit observer_location observer_lon
        observer_lat target_region feature_name"
    >//epntap2#table-2_0</mixin>
    <index columns="target_name, time_min, time_max"/>
    <index columns="time_min, time_max"/>
    <index columns="spectral_range_min, spectral_range_max"/>
    <index columns="dataproduct_type"/>
    <index columns="obs_id"/>
  </table>

  <data id="import">
    <sources pattern="data/*.fit"/>
    <customGrammar module="res/callisto"/>
    <make table="epn_core">
      <rowmaker idmaps="*">
        <apply procDef="//epntap2#populate-2_0" name="fillepn">
          <bind key="granule_uid">"spectrogram_"+@stem</bind>
          <bind key="granule_gid">"spectrogram"</bind>
          <bind key="obs_id">@stem</bind>
          <bind key="dataproduct_type">"ds"</bind>
          <bind key="measurement_type">"phot.flux.density;em.radio"</bind>
          <bind key="processing_level">2</bind>
          <bind key="target_name">"Sun"</bind>
          <bind key="target_class">"star"</bind>
          <bind key="target_region">"corona"</bind>
          <bind key="time_min">@time_min</bind>
          <bind key="time_max">@time_max</bind>
          <bind key="time_sampling_step_min">@CDELT1</bind>
          <bind key="time_sampling_step_max">@CDELT1</bind>
          <bind key="time_exp_min">0.001</bind>
          <bind key="time_exp_max">0.001</bind>
          <bind key="spectral_range_min">@spectral_range_min</bind>
          <bind key="spectral_range_max">@spectral_range_max</bind>
          <bind key="spectral_sampling_step_min">@spectral_sampling_step_min</bind>
          <bind key="spectral_sampling_step_max">@spectral_sampling_step_max</bind>
          <bind key="instrument_host_name">@INSTRUME</bind>
          <bind key="instrument_name">"e-CALLISTO#CALLISTO"</bind>
          <bind key="service_title">"dachs_ecallisto"</bind>
          <bind key="creation_date">@created</bind>
          <bind key="modification_date">@modified</bind>
          <bind key="release_date">@created</bind>
          <bind key="time_scale">"UTC"</bind>
          <bind key="time_refposition">"TOPOCENTER"</bind>
        </apply>
        <map key="access_url">"https://data.example.org/ecallisto/"+@path+"/"+@name</map>
        <map key="access_format">"application/fits"</map>
        <map key="access_estsize">@kbyte</map>
        <map key="thumbnail_url">"https://data.example.org/ecallisto/q/p/static/spectrogram_"+@stem+"-thumb.png"</map>
        <map key="file_name">@name</map>
        <map key="publisher">"Example Observatory"</map>
        <map key="processing_level_desc">"Raw digits of the receiver"</map>
        <map key="feature_name">"solar radio bursts"</map>
        <map key="messenger">"Radio"</map>
        <map key="measurement_unit">@BUNIT</map>
        <map key="observer_location">@ORIGIN</map>
        <map key="observer_lon">@longitude</map>
        <map key="observer_lat">@latitude</map>
        <map key="datalink_url">"\getConfig{web}{serverURL}/\rdId/dl/dlmeta?ID=spectrogram_"+urllib.parse.quote_plus(@stem)</map>
      </rowmaker>
    </make>
  </data>
</resource>
